package inventory

import (
	"fmt"

	"github.com/latchkey-auth/latchkey/auth"
)

// The actions of the house: none of them is a seller's. They are API and never renamed.
const (
	ActImport auth.Action = "stock-import" // of a file, with its first tokens
	ActTake   auth.Action = "stock-take"   // of the rest of it
	ActLook   auth.Action = "stock-look"
	ActExport auth.Action = "stock-export"

	ActLose   auth.Action = "stock-lost"
	ActRegain auth.Action = "stock-found"
	ActRetire auth.Action = "stock-retire"
	ActNote   auth.Action = "stock-note"
	ActGive   auth.Action = "stock-give"

	ActFleet auth.Action = "fleet-look" // of what all accounts sign in with
)

// The actions of the staff at the desk (desk.go), by whom it is permitted there. They are API and never renamed.
const (
	ActDeskFind   auth.Action = "desk-stock-find"  // by number: which there are, and no owner
	ActDeskStock  auth.Action = "desk-stock-count" // how many there are
	ActDeskToken  auth.Action = "desk-stock-token" // one, with whose it is
	ActDeskLose   auth.Action = "desk-stock-lost"
	ActDeskRegain auth.Action = "desk-stock-found"
	ActDeskRetire auth.Action = "desk-stock-retire"
	ActDeskNote   auth.Action = "desk-stock-note"
	ActDeskGive   auth.Action = "desk-stock-give"
	ActDeskImport auth.Action = "desk-stock-import" // of a file, with its first tokens
	ActDeskTake   auth.Action = "desk-stock-take"   // of the rest of it
	ActDeskCheck  auth.Action = "desk-stock-check"  // of a file: what an import would do

	ActDeskRecalls auth.Action = "desk-recalls"
	ActDeskPush    auth.Action = "desk-recall-push" // the owners of keys of a recalled model are told once more
)

func rules() map[auth.Action]auth.Rule {
	return map[auth.Action]auth.Rule{
		ActImport: {Who: auth.System, Audit: true},
		ActTake:   {Who: auth.System}, // its entry is that of the import
		ActLook:   {Who: auth.System, Reads: true},
		ActExport: {Who: auth.System, Audit: true},
		ActLose:   {Who: auth.System, Audit: true},
		ActRegain: {Who: auth.System, Audit: true},
		ActRetire: {Who: auth.System, Audit: true},
		ActNote:   {Who: auth.System, Audit: true},
		ActGive:   {Who: auth.System, Audit: true},
		ActFleet:  {Who: auth.System, Reads: true},

		ActDeskFind:   {Who: auth.OfStaff, Reads: true},
		ActDeskStock:  {Who: auth.OfStaff, Reads: true},
		ActDeskToken:  {Who: auth.OfStaff, Audit: true},
		ActDeskLose:   {Who: auth.OfStaff, Audit: true},
		ActDeskRegain: {Who: auth.OfStaff, Audit: true},
		ActDeskRetire: {Who: auth.OfStaff, Audit: true},
		ActDeskNote:   {Who: auth.OfStaff, Audit: true},
		ActDeskGive:   {Who: auth.OfStaff, Audit: true},
		ActDeskImport: {Who: auth.OfStaff, Audit: true},
		ActDeskTake:   {Who: auth.OfStaff}, // its entry is that of the import
		ActDeskCheck:  {Who: auth.OfStaff, Reads: true},

		ActDeskRecalls: {Who: auth.OfStaff, Reads: true},
		ActDeskPush:    {Who: auth.OfStaff, Audit: true},
	}
}

// site is the word by which the audit trail knows the stock: its acts are about no account.
const site = "inventory"

// Service is every use case of the stock. It is safe for concurrent use.
type Service struct {
	door   *auth.Door
	tokens *auth.Records[record]
}

// New registers the stock with a service.
func New(s *auth.Service) (*Service, error) {
	t := &Service{}
	t.tokens = auth.NewRecords("token", auth.IndexOf("serial", (*record).serials),
		auth.IndexOf("owner", (*record).owners)).Bulk() // nothing in it is ever over, so that no sweep need read it
	var err error
	t.door, err = auth.Register(s, auth.Part{Name: "inventory", Rules: rules(),
		Collections: []auth.Collection{t.tokens}, Tokens: t, Held: t.heldOf, HandedOver: t.leave, Closed: t.leave})
	if err != nil {
		return nil, fmt.Errorf("registering the stock: %w", err)
	}
	return t, nil
}
