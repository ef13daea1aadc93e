package notify

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"text/template"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/latchkey-auth/latchkey/auth"
)

// A Gateway is a provider of texts, calls or mails that is spoken to over
// HTTP. URL, Headers and Body are templates over Fields.
type Gateway struct {
	Name              string // also in the path of its receipts: a-z, 0-9, -
	Channels          []auth.Channel
	URL               string // https, or http to this machine; host without templates
	Method            string // POST
	Headers           map[string]string
	Body              string
	ContentType       string
	From              string // sender's number or name, as {{.From}}
	Success           Success
	Failure           Refusal
	Reference         string // JSON path of the provider's id; our own id if ""
	Signing           Signing
	IdempotencyHeader string
	Timeout           time.Duration // of one request, 10 s; below Hold
	MaxResponse       int64         // bytes read of an answer, 64 KiB
	Slots             int           // requests at one time, 8
	CAFile            string        // PEM; the system's authorities if ""
	Receipt           ReceiptRule

	site, signature string // see Config
}

// Success says which answers mean that the gateway took the message.
type Success struct {
	Statuses  []int    // any 2xx if empty
	Path      string   // JSON path of a value that must also be right; none if ""
	Equals    []string // the right values
	Temporary []string // values that mean: not now
}

// Refusal says where an answer tells of an error, whatever its status: some
// gateways answer 200 with an error in the place of a result. That is a no, not
// an answer that cannot be read.
type Refusal struct {
	Path      string   // JSON path of the error; an answer that has it there is a refusal
	Temporary []string // values that mean: not now
}

// HTTP is the Driver of one Gateway.
type HTTP struct {
	g       Gateway
	fields  Fields   // what every message's templates see of the gateway
	needed  []string // fields without which no request is made
	url     *template.Template
	body    *template.Template
	headers map[string]*template.Template
	sign    *signer
	client  *http.Client
	now     func() time.Time
}

// NewHTTP checks g and returns its driver. Every template is tried on a text
// full of quotes, line ends and separators: one that forgets to escape is an
// error now rather than a broken or forged request later.
func NewHTTP(g Gateway, now func() time.Time) (*HTTP, error) {
	if g.Method == "" {
		g.Method = http.MethodPost
	}
	if g.Timeout == 0 {
		g.Timeout = 10 * time.Second
	}
	if g.MaxResponse == 0 {
		g.MaxResponse = 64 << 10
	}
	if err := g.check(); err != nil {
		return nil, err
	}
	h := &HTTP{g: g, now: now}
	var err error
	if h.sign, err = newSigner(g.Signing, now); err != nil {
		return nil, err
	}
	h.fields = Fields{From: g.From, Secret: h.sign.secret, Site: g.site, Signature: g.signature}
	if err := h.sign.fits(g.Headers, g.ContentType); err != nil {
		return nil, err
	}
	if err := h.parse(); err != nil {
		return nil, err
	}
	if err := h.gaps(); err != nil {
		return nil, err
	}
	if err := h.try(); err != nil {
		return nil, err
	}
	tlsConfig, err := trust("", g.CAFile)
	if err != nil {
		return nil, err
	}
	h.client = newClient(tlsConfig, g)
	return h, nil
}

func (g *Gateway) check() error {
	switch {
	case !nameForm.MatchString(g.Name):
		return fmt.Errorf("name %q: use up to 32 of a-z, 0-9 and -", g.Name)
	case g.Method != http.MethodPost && g.Method != http.MethodPut && g.Method != http.MethodGet:
		return fmt.Errorf("method %q is none of POST, PUT, GET", g.Method)
	case g.Method == http.MethodGet && g.Body != "":
		return errors.New("GET cannot have a body")
	case g.Body != "" && g.ContentType == "":
		return errors.New("content-type is missing")
	case g.Timeout < 0 || g.Timeout >= Hold:
		return fmt.Errorf("timeout must be positive and below %s", Hold)
	case g.MaxResponse < 0 || g.MaxResponse > 16<<20:
		return errors.New("max-response must be between 0 and 16 MiB")
	case (g.Success.Path == "") != (len(g.Success.Equals) == 0):
		return errors.New("success: path and equals belong together")
	case g.Failure.Path == "" && len(g.Failure.Temporary) > 0:
		return errors.New("failure: temporary without a path")
	case g.IdempotencyHeader != "" && !httpguts.ValidHeaderFieldName(g.IdempotencyHeader):
		return errors.New("idempotency-header is no name of a header")
	case g.IdempotencyHeader == "" && !strings.Contains(g.URL+g.Body+fmt.Sprint(g.Headers), ".ID"):
		return errors.New("the message's id must travel: set idempotency-header or use {{.ID}}")
	}
	for _, s := range g.Success.Statuses {
		if s < 200 || s > 599 {
			return fmt.Errorf("success: %d is no final status", s)
		}
	}
	return checkChannels(g.Channels)
}

func newClient(c *tls.Config, g Gateway) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        c,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    8,
			IdleConnTimeout:        90 * time.Second,
			TLSHandshakeTimeout:    g.Timeout,
			MaxResponseHeaderBytes: 64 << 10,
		},
		// A redirect would hand number and code to whoever it names.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// parse reads the templates and fixes scheme and host.
func (h *HTTP) parse() error {
	scheme, rest, _ := strings.Cut(h.g.URL, "://")
	host, _, _ := strings.Cut(strings.NewReplacer("?", "/", "#", "/").Replace(rest), "/")
	base, err := url.Parse(scheme + "://" + host) // which no brace may stand in
	switch {
	case err != nil || base.Host == "" || base.User != nil:
		return errors.New("url: need scheme://host without user, password or template")
	case scheme != "https" && (scheme != "http" || !loopback(base.Hostname())):
		return errors.New("url must begin with https, unless it is on this machine")
	case strings.Contains(rest, "#"):
		return errors.New("url: a fragment is never sent")
	}
	if h.url, err = parse("url", h.g.URL); err != nil {
		return err
	}
	if h.body, err = parse("body", h.g.Body); err != nil {
		return err
	}
	h.headers = map[string]*template.Template{}
	for name, text := range h.g.Headers {
		if !httpguts.ValidHeaderFieldName(name) {
			return fmt.Errorf("headers: %q is no name of a header", name)
		}
		if h.headers[name], err = parse("header "+name, text); err != nil {
			return err
		}
	}
	return nil
}

// templates returns all templates by their names.
func (h *HTTP) templates() map[string]*template.Template {
	all := map[string]*template.Template{"url": h.url, "body": h.body}
	for name, t := range h.headers {
		all["header "+name] = t
	}
	return all
}

// gaps refuses a template that would leave one: a gateway takes an empty name
// or an empty code as it comes. What only some messages have may be used behind
// a condition. It also refuses a template where none is read.
func (h *HTTP) gaps() error {
	for name, text := range h.g.plain() {
		if strings.Contains(text, "{{") {
			return fmt.Errorf("%s is no template: {{ would be sent as it stands", name)
		}
	}
	for name, t := range h.templates() {
		all, needed := used(t)
		for _, field := range all {
			if _, is := h.fields.value(field); !is {
				return fmt.Errorf("%s: there is no field .%s", name, field)
			}
		}
		for _, field := range needed {
			if err := h.gap(field); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		h.needed = append(h.needed, needed...)
	}
	return nil
}

// gap says why a field will be empty.
func (h *HTTP) gap(field string) error {
	for _, c := range h.g.Channels {
		if slices.Contains(sometimes(c), field) {
			return fmt.Errorf(".%s is empty in some messages on %s: put {{if .%s}} before it", field, c, field)
		}
	}
	set := map[string]string{"From": "from", "Secret": "signing.secret", "Site": "site",
		"Signature": "notify.signature"}
	if v, _ := h.fields.value(field); v == "" && set[field] != "" {
		return fmt.Errorf(".%s is empty, since %s is not set", field, set[field])
	}
	return nil
}

// plain lists the settings that are sent as they stand.
func (g *Gateway) plain() map[string]string {
	return map[string]string{
		"prefix": g.Signing.Prefix, "user": g.Signing.User, "from": g.From, "content-type": g.ContentType,
		"header": g.Signing.Header, "timestamp-header": g.Signing.TimestampHeader,
		"idempotency-header": g.IdempotencyHeader,
		"receipt: answer":    g.Receipt.Answer, "receipt: prefix": g.Receipt.Auth.Prefix,
		"receipt: user": g.Receipt.Auth.User,
	}
}

// lacks returns a field that a template needs and that f does not have: a
// notice has no code, and an approved template for codes is not for it.
func (h *HTTP) lacks(f Fields) string {
	for _, name := range h.needed {
		if v, _ := f.value(name); v == "" {
			return name
		}
	}
	return ""
}

// try builds a request from hostile fields.
func (h *HTTP) try() error {
	f := h.fields.hostile()
	r, body, err := h.request(context.Background(), f)
	if err != nil {
		return err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || query.Has("injected") {
		return errors.New("url: pass values through form (query) or url (path)")
	}
	switch {
	case strings.Contains(h.g.ContentType, "json"):
		if _, err := decode([]byte(body)); err != nil {
			return errors.New(
				"body is no JSON for a text with quotes: pass values through json, without quotes of your own")
		}
	case strings.Contains(h.g.ContentType, "x-www-form-urlencoded"):
		if form, err := url.ParseQuery(body); err != nil || form.Has("injected") {
			return errors.New("body is no form for a text with separators: pass values through form")
		}
	}
	return nil
}

// Name returns the gateway's name.
func (h *HTTP) Name() string { return h.g.Name }

// Channels returns the gateway's channels.
func (h *HTTP) Channels() []auth.Channel { return h.g.Channels }

func (h *HTTP) slots() int { return h.g.Slots }

// request renders and signs a request.
func (h *HTTP) request(ctx context.Context, f Fields) (*http.Request, string, error) {
	target, err := execute(h.url, f)
	if err != nil {
		return nil, "", err
	}
	body, err := execute(h.body, f)
	if err != nil {
		return nil, "", err
	}
	r, err := http.NewRequestWithContext(ctx, h.g.Method, target, strings.NewReader(body))
	if err != nil {
		return nil, "", errors.New("url: pass values through form (query) or url (path)")
	}
	for name, t := range h.headers {
		value, err := execute(t, f)
		if err != nil {
			return nil, "", err
		}
		if !httpguts.ValidHeaderFieldValue(value) {
			return nil, "", fmt.Errorf("header %s: pass values through url", name)
		}
		r.Header.Set(name, value)
	}
	if h.g.ContentType != "" {
		r.Header.Set("Content-Type", h.g.ContentType)
	}
	if h.g.IdempotencyHeader != "" {
		r.Header.Set(h.g.IdempotencyHeader, f.ID)
	}
	r.Header.Set("User-Agent", "latchkey")
	return r, body, h.sign.sign(r, body, f.ID)
}

// Deliver sends one request and reads the answer by the success rule. The
// reference is the provider's id, or Message.ID where the rule names none.
func (h *HTTP) Deliver(ctx context.Context, m auth.Message, t Text) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, h.g.Timeout)
	defer cancel()
	// From here on the gateway may act upon it. More than one: net/http sent
	// it again by itself after a kept connection broke.
	var begun atomic.Int32
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { begun.Add(1) }})
	f := h.fields.of(m, t, h.now())
	r, _, err := h.request(ctx, f)
	if err != nil || h.lacks(f) != "" {
		return "", &Failure{Class: Never, Word: WordRender}
	}
	resp, err := h.client.Do(r)
	if err != nil {
		// err itself holds the URL, which may hold number and code.
		if begun.Load() > 0 {
			return "", &Failure{Class: Unsure, Word: WordNoAnswer, Detail: connectionDetail(err)}
		}
		return "", &Failure{Class: Later, Word: WordUnreachable, Detail: connectionDetail(err)}
	}
	defer func() { _ = resp.Body.Close() }()
	ref, no := h.read(resp)
	switch {
	case no == nil && ref == "":
		ref = m.ID
	case no != nil && no.Class == Later && begun.Load() > 1:
		no.Class, no.Word = Unsure, WordNoAnswer // "busy" speaks of the repetition alone
	}
	return ref, errorOf(no)
}

// read judges an answer.
func (h *HTTP) read(resp *http.Response) (string, *Failure) {
	status := h.status(resp)
	if status != nil && status.Word != WordRefused {
		return "", status
	}
	unreadable := &Failure{Class: Unsure, Word: WordUnreadable, Status: resp.StatusCode}
	var answer any
	b, err := io.ReadAll(io.LimitReader(resp.Body, h.g.MaxResponse+1))
	if err == nil && int64(len(b)) <= h.g.MaxResponse {
		answer, _ = decode(b)
	}
	if no := h.refusal(answer, resp.StatusCode); no != nil || status != nil {
		return "", cmp.Or(no, h.said(status, answer))
	}
	if h.g.Failure.Path != "" && answer == nil {
		return "", unreadable
	}
	if s := h.g.Success; s.Path != "" {
		value, ok := pick(answer, s.Path)
		switch {
		case !ok:
			return "", unreadable
		case slices.Contains(s.Temporary, value):
			return "", &Failure{Class: Later, Word: WordBusy, Status: resp.StatusCode, Detail: word(value)}
		case !slices.Contains(s.Equals, value):
			return "", &Failure{Class: Never, Word: WordRefused, Status: resp.StatusCode, Detail: word(value)}
		}
	}
	if h.g.Reference == "" {
		return "", nil
	}
	value, _ := pick(answer, h.g.Reference)
	ref, _ := reference(value)
	return ref, nil
}

// refusal returns what an answer says of an error in the place for one.
func (h *HTTP) refusal(answer any, status int) *Failure {
	if h.g.Failure.Path == "" {
		return nil
	}
	at, err := branch(answer, h.g.Failure.Path)
	if err != nil || at == nil || at == "" {
		return nil
	}
	value, _ := pick(at, "")
	if slices.Contains(h.g.Failure.Temporary, value) {
		return &Failure{Class: Later, Word: WordBusy, Status: status, Detail: word(value)}
	}
	return &Failure{Class: Never, Word: WordRefused, Status: status, Detail: word(value)}
}

// isWord is what codes of providers look like, such as isv.AMOUNT_NOT_ENOUGH: nothing about a person.
var isWord = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:-]{0,63}$`)

// word is a provider's code as the log may have it, "" for what is none.
func word(value string) string {
	if !isWord.MatchString(value) {
		return ""
	}
	return value
}

// said adds to a refusal by status what the answer says at the place where success would stand: a provider's code, and
// whether it passes.
func (h *HTTP) said(no *Failure, answer any) *Failure {
	if no == nil || h.g.Success.Path == "" {
		return no
	}
	value, _ := pick(answer, h.g.Success.Path)
	if slices.Contains(h.g.Success.Temporary, value) {
		return &Failure{Class: Later, Word: WordBusy, Status: no.Status, Detail: word(value)}
	}
	no.Detail = word(value)
	return no
}

// status judges the status line alone; nil means that the success rule likes it.
func (h *HTTP) status(resp *http.Response) *Failure {
	s := resp.StatusCode
	if slices.Contains(h.g.Success.Statuses, s) || len(h.g.Success.Statuses) == 0 && s >= 200 && s <= 299 {
		return nil
	}
	switch s {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusNotImplemented,
		http.StatusServiceUnavailable, http.StatusHTTPVersionNotSupported, http.StatusNetworkAuthenticationRequired:
		return &Failure{Class: Later, Word: WordBusy, Status: s, After: h.after(resp)}
	}
	switch s {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusProxyAuthRequired:
		return &Failure{Class: Later, Word: WordRefused, Status: s} // of the account with the provider, not of the message
	}
	switch s / 100 {
	case 3:
		return &Failure{Class: Never, Word: WordRedirect, Status: s}
	case 4:
		return &Failure{Class: Never, Word: WordRefused, Status: s}
	case 5:
		return &Failure{Class: Unsure, Word: WordServerError, Status: s, After: h.after(resp)}
	}
	return &Failure{Class: Unsure, Word: WordUnreadable, Status: s}
}

// after reads Retry-After (RFC 9110 §10.2.3): seconds or a date.
func (h *HTTP) after(resp *http.Response) time.Duration {
	v := resp.Header.Get("Retry-After")
	if d, err := time.ParseDuration(v + "s"); err == nil && !strings.ContainsAny(v, "hmsuµn.") {
		return max(0, d)
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(0, t.Sub(h.now()))
	}
	return 0
}
