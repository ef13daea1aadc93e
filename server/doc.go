// Package server is the face of Latchkey: the use cases of package auth over HTTP, as JSON for programs and as pages
// for people. It holds no business rule: it reads a request, calls one use case, and writes what came back.
//
//	                      one request, from the outside in
//	web.Front           exchange made, security headers, request id, body, places, gate          package web
//	    echo            path and method to a route of the table                                    routes.go
//	      JSON          strict decode ─▶ use case ─▶ encode                                        api*.go, wire.go
//	      page          form ─▶ use case ─▶ 303, or the same page with what was refused            page*.go
//	  refusals          problem documents or pages                                                 problem.go
//	  access log        route, status, code, duration, request id; nothing about the person        log.go
//
// The table in routes.go is the list of everything that can be reached. A use case stands there once, with the action
// that the domain judges it by, its operation under /api/v1 and the codes it may answer with; the pages that reach the
// same use case stand beside it in pages.go.
//
// Who is asking. A browser shows its session by cookie only, and never sees the token otherwise. A program is a
// request with neither Sec-Fetch-Site nor Origin nor a cookie of ours: it shows Authorization: Bearer and finds its
// token in the answer. Cookies:
//
//	name                       holds                    life                         path
//	__Host-latchkey            session token            browser's, or kept           /
//	__Host-latchkey-browser    256 random bits          400 days                     /
//	__Host-latchkey-flow       sealed sign-in, who      20 minutes                   /
//	__Host-latchkey-step       sealed, begun exchange   20 minutes                   /
//	__Host-latchkey-lang       en or zh-CN              400 days                     /
//	__Host-latchkey-return     path to go back to       20 minutes                   /
//	__Host-latchkey-notice     what the last act did    the next page                /
//	__Host-latchkey-sign-up    sealed, where mail went  20 minutes                   /
//	__Host-latchkey-untrusted  "do not offer trust"     400 days                     /
//	__Host-latchkey-refused    sealed, a refused form   5 minutes                    /
//	__Host-latchkey-shared     "a shared computer"      browser's                    /
//	__Host-latchkey-app        sealed, an app on its way  20 minutes                 /
//	__Host-latchkey-codes      sealed, fresh recovery codes  5 minutes               /
//	__Host-latchkey-conform    sealed, begun exchange   20 minutes                   /   (a lab's, lab_fido.go)
//
// Behind a sub-path (Origin https://shop.example/account) the prefix is __Secure- and the path /account: other programs
// of that host are not sent our tokens. They can still plant a cookie, and so can its sibling hosts, which __Host-
// would forbid; a host of its own is the better home. On http://localhost there is no prefix and no Secure attribute.
//
// In a lab the table has more rows: those of testers under /api/v1/lab (lab.go), and the interface of FIDO's
// conformance
// tools (lab_fido.go). At a site they are neither mounted nor described, and the domain would refuse them.
//
// Only this package knows echo and huma, and only routes.go, openapi.go and server.go in it.
package server
