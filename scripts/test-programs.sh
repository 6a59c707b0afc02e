#!/bin/sh
# Installs the system programs that the tests use: with apt as root, else says what to install.
# In CI (CI is set) a program that is still missing is an error; elsewhere its tests are skipped.
set -eu

PATH=$PATH:/usr/sbin # where nginx is
missing=
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
command -v nginx >/dev/null 2>&1 || missing="$missing nginx"
[ -e /usr/share/nginx/modules/ngx_http_js_module.so ] || missing="$missing libnginx-mod-http-js"
command -v kubectl >/dev/null 2>&1 || missing="$missing kubernetes-client"
command -v docker-compose >/dev/null 2>&1 || missing="$missing docker-compose"
command -v systemd-analyze >/dev/null 2>&1 || missing="$missing systemd"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "kysira: installing$missing with apt" >&2
    log=$(mktemp)
    # A web server that is installed for the tests is not to begin serving.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    # shellcheck disable=SC2086  # a list of packages
    if { apt-get update && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
        rm -f "$log"
        exit 0
    fi
    tail -n 5 "$log" >&2
fi
echo "kysira: the tests that need$missing are skipped; run: sudo apt-get install$missing" >&2
case "${CI:-}" in "" | 0 | false) ;; *) exit 1 ;; esac
