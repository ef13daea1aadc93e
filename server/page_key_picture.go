package server

import (
	"net/http"

	"github.com/latchkey-auth/latchkey/auth"
)

// keyPicture sends the picture of a key's model.
func keyPicture(x *request) error {
	a, _, err := x.authenticator("keys", x.param("id"))
	if err != nil {
		return err
	}
	picture := x.s.picture(a)
	if picture == nil {
		return auth.Refuse(auth.NotFound)
	}
	x.Send(http.StatusOK, "image/png", picture)
	return nil
}

// picture is that of a key's model, nil if there is none. A model that is only claimed has none: it would look like
// proof.
func (s *Server) picture(a *auth.AuthenticatorInfo) []byte {
	if s.config.Pictures == nil || !a.Certified || a.ModelID == "" {
		return nil
	}
	return s.config.Pictures(a.ModelID)
}
