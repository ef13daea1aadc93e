// Package conform plays the faults of package fault against a relying party, over HTTP or in process, and judges what
// it says.
//
// # How a run goes
//
//	greet the party ─► for each fault:  features there? ─► honest twin accepted? ─► play the fault ─► judge ─► Report
//	                                      no: skipped        no: inconclusive                           │
//	                                                                         Oracle: a refusal's reason ┘
//
// A fault that is refused proves a check only if the same ceremony without the fault is accepted, and if the refusal is
// for the fault's reason. So before the first fault of each set-up its honest twin is played, and an Oracle reads the
// reason out of the refusal's code or text. See Verdict for what comes of it.
//
// # Reaching a relying party
//
// FIDO speaks the interface of the FIDO conformance tools. A Mapping describes any other interface in YAML; Presets
// come with the package. Both check that the target is on the loopback interface or the tester's own, by name and by
// the address that is dialled, go through no proxy and follow no redirect.
//
// # Mappings
//
//	version: 1
//	name: shop
//	origin: https://shop.example     # of the pages, where it is not that of the address
//	rp_id: shop.example              # where it is not the host of the origin
//	features: [second-visit, expiry] # see package fault; rows that need others are skipped
//	vars: {plan: basic}              # constants for templates
//	headers: {X-CSRFToken: '{{.cookies.csrftoken}}'}   # of every request
//	visit:                           # what a new user's browser does first
//	  - path: /sign-up               # method: POST when there is a body, else GET
//	    body: '{"user":{{json .name}}}'
//	    accepted: {status: [200, 201], json: {$.ok: true}, header: {Location: ^/home}, text: welcome}
//	    take: {token: {json: $.token}}   # or cookie: NAME, header: NAME, text: 'csrf" value="([^"]+)"'
//	again:                           # what a second browser of the same user does first
//	  - {path: /session, body: '{"token":{{json .token}}}'}
//	register:
//	  begin:
//	    path: /passkeys/options
//	    body: '{"uv":{{json .verification}},"rk":{{.discoverable}}}'
//	    options: $.publicKey         # where the options lie; $ when left out
//	    take: {flow: {json: $.flow}}
//	  finish:
//	    path: /passkeys
//	    body: '{"flow":{{json .flow}},"credential":{{.response}}}'
//	    accepted: {json: {$.verified: true}}
//	    code: $.error.code           # of a refusal; text and step likewise
//	    text: $.error.message
//	sign_in:
//	  begin: {path: '/passkeys/options?for={{if .discoverable}}{{else}}{{form .name}}{{end}}'}
//	  finish: {path: /session, body: '{{.response}}'}
//	expire:                          # with the feature expiry; remove and disable likewise
//	  - {path: /test/clock, body: '{"advance":"10m"}'}
//	oracle:
//	  codes: {bad_origin: [origin]}  # to reasons of package fault
//	  texts: [{match: '(?i)challenge', reasons: [challenge, spent]}]
//	policy: {reg-json-duplicate-type: refuse}   # or accept, for policy and hardening rows
//	waive: {get-counter-clone: counters are not kept}   # any row, with the reason, which stands in every report
//
// Paths, headers and bodies are templates of text/template with the functions json (a JSON value) and form (an escaped
// form value). They know name, origin, rp_id, cookies, vars and what was taken; in a ceremony also verification
// ("required" or "preferred"), verify, resident ("required" or "discouraged"), discoverable and trust; in a finish also
// response, the response JSON to the byte, and credential, its id. What a template does not know is an error. What a
// begin takes belongs to its ceremony, what a visit takes to the browser; what expire, remove and disable take is
// known to both from then on. JSONPath goes as far as jsonPath says:
// $, .name, ['name'], [0] and [-1]; YAML wants those with brackets in quotes within {}. Unknown members are errors,
// with their line.
//
// # Reports
//
// WriteJSON, WriteJUnit and WriteHTML write a Report for programs, for servers of continuous integration and for
// people; WriteRecording keeps every exchange, for Compare and Judge. Each result has the command that repeats it.
package conform
