package staff

import (
	"errors"
	"fmt"

	"github.com/latchkey-auth/latchkey/auth"
)

// Service is every use case of the staff. It is safe for concurrent use.
type Service struct {
	door   *auth.Door
	key    auth.Factor // that of keys
	origin string      // of links: configuration alone
	site   string      // its name, for browsers

	permits     map[auth.Action]permit
	members     *auth.Records[member]
	invitations *auth.Records[invitation]
	sessions    *auth.Records[session]
	responses   *auth.Records[response]
	targets     *auth.Records[target]
}

// New registers the staff with a service. key is the factor of security keys, origin the site's public address,
// with its path, and site its name.
func New(s *auth.Service, key auth.Factor, origin, site string) (*Service, error) {
	if key == nil || key.Kind() != auth.WebAuthn {
		return nil, errors.New("the staff need a factor of security keys")
	}
	t := &Service{key: key, origin: origin, site: site, permits: permits()}
	t.members = auth.NewRecords("member", auth.UniqueIndexOf("email", (*member).emails),
		auth.IndexOf("mailbox", (*member).mailboxes), auth.UniqueIndexOf("credential", (*member).credentials))
	t.invitations = auth.NewRecords("invitation", auth.IndexOf("by", (*invitation).inviters),
		auth.IndexOf("member", (*invitation).renewed)).Perishable().Sweep(isOver)
	t.sessions = auth.NewRecords[session]("session").Perishable().Sweep(isOverSession)
	t.responses = auth.NewRecords[response]("response").Due((*response).isDue, t.responseDue)
	t.targets = auth.NewRecords[target]("target").Bulk()
	var err error
	t.door, err = auth.Register(s, auth.Part{Name: "staff", Rules: rules(), Staff: t,
		Collections: []auth.Collection{t.members, t.invitations, t.sessions, t.responses, t.targets}})
	if err != nil {
		return nil, fmt.Errorf("registering the staff: %w", err)
	}
	return t, nil
}
