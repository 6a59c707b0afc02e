// Has every request checked by the Kysira adapter, body included, and obeys.
// Rendered by `kysiractl render nginx --via njs`: render it again rather than editing it.

const TOLD = {
    kysira_score: 'X-Kysira-Score',
    kysira_reason: 'X-Kysira-Reason',
    kysira_mode: 'X-Kysira-Mode',
    kysira_would_have_killed: 'X-Kysira-Would-Have-Killed',
    kysira_event_id: 'X-Kysira-Event-Id',
    kysira_killed: 'X-Kysira-Killed',
};
const SHOWN = ['X-Kysira-Killed', 'X-Kysira-Score', 'X-Kysira-Event-Id'];

async function guard(r) {
    let reply = null;
    try {
        reply = await r.subrequest('/_kysira/check', {method: 'POST'});
    } catch (e) {
        r.error('kysira: the adapter could not be asked: ' + e.message);
    }
    if (reply && reply.status === 403) {
        refuse(r, reply);
    } else if (reply && reply.status === 200) {
        tell(r, reply);
        r.internalRedirect(r.variables.kysira_next);
    } else {
        // Not checked: the request passes, and the app is told nothing.
        r.internalRedirect(r.variables.kysira_next);
    }
}

function tell(r, reply) {
    for (let name in TOLD) {
        r.variables[name] = reply.headersOut[TOLD[name]] || '';
    }
}

function refuse(r, reply) {
    SHOWN.forEach(function (name) {
        if (reply.headersOut[name]) {
            r.headersOut[name] = reply.headersOut[name];
        }
    });
    r.headersOut['Content-Type'] = 'application/json';
    r.headersOut['Cache-Control'] = 'no-store';
    r.return(403, reply.responseText);
}

export default {guard};
