// Package web is what the faces of Latchkey share: the way of a request from the connection to the face that answers
// it, and back. It knows no use case and no page.
//
//	          one request, from the outside in
//	Front.ServeHTTP   exchange made, security headers, request id, panics      front.go, header.go
//	  receive         the body, at a least rate, before it takes a place       receive.go
//	  Room            places, shared by all clients                            room.go
//	  File            the body of an upload, once its sender was admitted      upload.go
//	  gate            host known, cross-origin refused                         gate.go
//	    Request       the face's own: Answer, or Refuse what did not get so far
//	  access log      route, status, code, duration, request id                log.go
//
// Who is asking, as far as proxies are believed, is in client.go and proxy.go; what a client may spend of unsafe
// requests in limit.go; how long a stranger's refusal waits in queue.go; what a site's address makes of cookies and
// links in site.go.
package web
