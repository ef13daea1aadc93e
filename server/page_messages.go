package server

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

// messagesPath is the page of messages that were not sent.
const messagesPath = "/dev/messages"

// devShown is how many messages the page shows: with more of them it would outgrow the weight of a page.
const devShown = 12

// remindEvery is how often the log says where the messages are read.
const remindEvery = time.Minute

// A messageDoor keeps the page of messages for whoever reads what the program prints. Whoever reads the page can sign
// in as anybody, and a proxy on this machine that adds no header makes everybody look as if he sat here. So an address
// with a token is printed, which opens the page once and leaves its browser a cookie.
type messageDoor struct {
	mu    sync.Mutex
	token string // of the address that opens it next
	used  bool
	pass  string // the cookie's value, until the program ends
	told  time.Time
}

func newMessageDoor(secret func() (string, error)) (*messageDoor, error) {
	token, err := secret()
	if err != nil {
		return nil, err
	}
	pass, err := secret()
	return &messageDoor{token: token, pass: pass}, err
}

// open uses up a token.
func (d *messageDoor) open(token string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.used || subtle.ConstantTimeCompare([]byte(token), []byte(d.token)) != 1 {
		return false
	}
	d.used = true
	return true
}

func (d *messageDoor) passes(cookie string) bool {
	return subtle.ConstantTimeCompare([]byte(cookie), []byte(d.pass)) == 1
}

// again returns a token that is good, "" if one was told a moment ago.
func (d *messageDoor) again(at time.Time, secret func() (string, error)) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.used && at.Sub(d.told) < remindEvery {
		return ""
	}
	if d.used {
		token, err := secret()
		if err != nil {
			return ""
		}
		d.token, d.used = token, false
	}
	d.told = at
	return d.token
}

// MessagesAddress is where the messages that were not sent are read, with the token that opens the page; "" if there is
// no such page.
func (s *Server) MessagesAddress() string {
	if s.messages == nil {
		return ""
	}
	s.messages.mu.Lock()
	defer s.messages.mu.Unlock()
	return s.messagesAddress(s.messages.token)
}

func (s *Server) messagesAddress(token string) string {
	return s.site.Origin + s.site.Base + messagesPath + "?" + url.Values{"token": {token}}.Encode()
}

// showsMessages reports whether this server has the page of messages.
func (s *Server) showsMessages() bool {
	return s.pages != nil && s.config.Sink != nil && s.site.Local
}

// devMessages shows what would have been sent, to this machine alone: the page is served only with a sink, only under
// http://localhost, only to a peer on loopback, and to whoever was let in by the printed address. A lab has no such
// door: it shows its messages to anybody.
func devMessages(x *request) error {
	host, _, err := net.SplitHostPort(x.r.RemoteAddr)
	if err != nil || !web.IsLoopback(host) || web.Forwarded(x.r) {
		return auth.Refuse(auth.NotFound)
	}
	if door := x.s.messages; door != nil {
		pass, n := web.Cookie(x.r, x.s.cookieName(messagesCookie))
		if token := x.query("token"); token != "" && x.r.Method == http.MethodGet && door.open(token) {
			x.put(messagesCookie, door.pass, 0)
			return x.redirect(messagesPath)
		}
		if n != 1 || !door.passes(pass) {
			if token := door.again(x.s.now(), x.s.front.Secret); token != "" {
				x.s.log.Info("the messages are read at this address, once", "address", x.s.messagesAddress(token))
			}
			return auth.Refuse(auth.NotFound)
		}
	}
	list, err := x.s.config.Sink.Recent(devShown)
	if err != nil {
		return err
	}
	v := &assets.DevMessages{Frame: x.frame()}
	for _, m := range list {
		v.Messages = append(v.Messages, assets.DevMessage{At: m.At, Channel: string(m.Channel), To: string(m.Recipient),
			Subject: m.Subject, Text: m.Text, Links: x.s.links(m.Text)})
	}
	return x.show(http.StatusOK, v)
}

// links finds addresses of ours in a text.
func (s *Server) links(text string) []string {
	return regexp.MustCompile(regexp.QuoteMeta(s.site.Origin+s.site.Base)+`/[A-Za-z0-9/_-]+`).FindAllString(text, -1)
}
