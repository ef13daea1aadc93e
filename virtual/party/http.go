package party

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

const (
	cookieName = "session"
	maxBody    = 64 << 10
)

// Handler serves the FIDO conformance server API: options and results as JSON, the session in a cookie.
//
//	POST /attestation/options {"username","displayName","authenticatorSelection","attestation","extensions"}
//	POST /attestation/result  RegistrationResponseJSON, rawId and clientExtensionResults optional
//	POST /assertion/options   {"username","userVerification","extensions"}; without username: discoverable
//	POST /assertion/result    AuthenticationResponseJSON, likewise
//
// Whoever names a user may add a key to his: it is for tests alone.
//
// Every answer has "status" ("ok" or "failed") and "errorMessage"; a refusal has status 400 and the code, the step and
// all broken checks besides.
func (p *Party) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /attestation/options", p.serveCreation)
	mux.HandleFunc("POST /attestation/result", p.serveResult(fault.Registration))
	mux.HandleFunc("POST /assertion/options", p.serveRequest)
	mux.HandleFunc("POST /assertion/result", p.serveResult(fault.Authentication))
	return mux
}

// wanted is what a client asks for before a ceremony.
type wanted struct {
	Username     string         `json:"username"`
	DisplayName  string         `json:"displayName"`
	Selection    selection      `json:"authenticatorSelection"`
	Attestation  string         `json:"attestation"`
	Verification string         `json:"userVerification"`
	Extensions   map[string]any `json:"extensions"`
}

func (p *Party) serveCreation(w http.ResponseWriter, r *http.Request) {
	in, err := readWanted(w, r)
	if err == nil && in.Username == "" {
		err = errors.New("username is missing")
	}
	levels := []string{"", "none", "indirect", "direct", "enterprise"}
	if err == nil && !slices.Contains(levels, in.Attestation) {
		err = errors.New("attestation has a value that is not known")
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u, _ := p.addUser(in.Username)
	s := p.sessionOf(w, r)
	s.user = u
	c := p.begin(fault.Registration, s, u, in.Selection.UserVerification == "required")
	o := p.creation(c, in.Selection)
	o.Attestation, o.Extensions = "none", in.Extensions
	if in.Attestation != "" {
		o.Attestation = in.Attestation
	}
	if in.DisplayName != "" {
		o.User.DisplayName = in.DisplayName
	}
	reply(w, http.StatusOK, struct {
		outcome
		*creationOptions
	}{outcome{Status: "ok"}, o})
}

func (p *Party) serveRequest(w http.ResponseWriter, r *http.Request) {
	in, err := readWanted(w, r)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.users[in.Username]
	if in.Username != "" && u == nil {
		refuse(w, http.StatusNotFound, errors.New("there is no such user"))
		return
	}
	s := p.sessionOf(w, r)
	c := p.begin(fault.Authentication, s, u, in.Verification == "required")
	o := p.request(c)
	o.Extensions = in.Extensions
	if in.Verification != "" {
		o.UserVerification = in.Verification
	}
	reply(w, http.StatusOK, struct {
		outcome
		*requestOptions
	}{outcome{Status: "ok"}, o})
}

func (p *Party) serveResult(kind fault.Ceremony) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			refuse(w, http.StatusBadRequest, errors.New("the body cannot be read"))
			return
		}
		p.mu.Lock()
		s := p.sessionOf(w, r)
		p.mu.Unlock()
		answer, err := p.judge(kind, s, "", body, true)
		if err != nil {
			refuse(w, http.StatusInternalServerError, err)
			return
		}
		status := http.StatusOK
		if !answer.Accepted {
			status = http.StatusBadRequest
		}
		write(w, status, answer.Response)
	}
}

// sessionOf finds the session of the request's cookie or makes one; the caller holds the lock.
func (p *Party) sessionOf(w http.ResponseWriter, r *http.Request) *session {
	if c, err := r.Cookie(cookieName); err == nil {
		if s := p.sessions[c.Value]; s != nil {
			return s
		}
	}
	s := p.addSession(nil)
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: s.id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
	})
	return s
}

func readWanted(w http.ResponseWriter, r *http.Request) (wanted, error) {
	var in wanted
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return in, errors.New("the body cannot be read")
	}
	if json.Unmarshal(body, &in) != nil {
		return in, errors.New("the body is not the JSON of a request for options")
	}
	return in, nil
}

func refuse(w http.ResponseWriter, status int, err error) {
	reply(w, status, outcome{Status: "failed", Message: err.Error()})
}

func reply(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError,
			[]byte(`{"status":"failed","errorMessage":"encoding the answer"}`)
	}
	write(w, status, body)
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever asked is gone
}
