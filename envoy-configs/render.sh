#!/bin/sh
# Renders every example in this folder. A test fails when they are stale:
#   cd envoy-configs && sh render.sh
set -eu
kysiractl render envoy --output-dir standalone
kysiractl render istio --selector app=shop --output-dir istio
kysiractl render istio --context gateway --selector istio=ingressgateway --output-dir istio/gateway
kysiractl render contour --output-dir contour
kysiractl render contour --via http-proxy --namespace shop --fqdn shop.example --tls-secret shop \
  --app shop:80 --output-dir contour/http-proxy
kysiractl render envoy-gateway --gateway eg --output-dir envoy-gateway
kysiractl render nginx --output-dir nginx
kysiractl render helm-values --selector app=shop --output-dir helm-values
kysiractl render kustomize --output-dir kustomize
kysiractl render compose --output-dir compose
