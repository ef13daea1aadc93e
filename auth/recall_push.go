package auth

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// This file is recalled models as the staff see them, and what they can do: have the owners told once more who
// have neither removed the key nor registered another one. The check tells them (recall_run.go), within a sweep
// or some.

// pushEvery is how long a model rests after a push: whoever is told every day reads nothing any more.
const pushEvery = 7 * day

// A RecalledModel is how far the owners of keys of a recalled model have come.
type RecalledModel struct {
	ID       string // names it
	Name     string // "" where nobody knows it
	Status   string // as FIDO calls it
	At       time.Time
	Due      time.Time // the last day that an owner was given
	Keys     int       // that were ever found, those that are gone since among them
	Accounts int       // with them
	Found    RecallCount
	FoundAt  time.Time // when Found was counted; zero: not yet
	PushedAt time.Time // zero: never
	PushFrom time.Time // from then on it may be pushed, in the past if it may be now
}

// Title is what the model is called: by its name, or by what names it in counts.
func (m *RecalledModel) Title() string { return cmp.Or(m.Name, m.ID) }

// Word names its status in texts.
func (m *RecalledModel) Word() string { return recallWord(m.Status) }

// Word names the status in texts: "recall.<word>".
func (r *RecallInfo) Word() string { return recallWord(r.Status) }

// recallWord is a status of FIDO's as keys of texts have it.
func recallWord(status string) string {
	return map[string]string{"USER_VERIFICATION_BYPASS": "user-verification-bypass",
		"ATTESTATION_KEY_COMPROMISE":   "attestation-key-compromise",
		"USER_KEY_REMOTE_COMPROMISE":   "user-key-remote-compromise",
		"USER_KEY_PHYSICAL_COMPROMISE": "user-key-physical-compromise", "REVOKED": "revoked"}[status]
}

func (m *recallModel) info(id string) RecalledModel {
	info := RecalledModel{ID: id, Name: m.Name, Status: m.Status, At: m.At, Due: m.Due, Keys: m.Keys,
		Accounts: m.Accounts, Found: m.Found, FoundAt: m.FoundAt, PushedAt: m.PushedAt, PushFrom: m.At}
	if !m.PushedAt.IsZero() {
		info.PushFrom = m.PushedAt.Add(pushEvery)
	}
	return info
}

// RecalledModels lists the models that are recalled, the newest first.
func (w *Work) RecalledModels() ([]RecalledModel, error) {
	var list []RecalledModel
	for item, err := range w.s.recallModels.Scan(w.tx, "", "", scanBatch) {
		if err != nil {
			return nil, err
		}
		list = append(list, item.Doc.info(item.ID))
	}
	slices.SortFunc(list, func(a, b RecalledModel) int {
		if c := b.At.Compare(a.At); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

// PushRecall has the owners told once more who have not acted. Refuses NotFound, and RecallPushed where they
// were within the last seven days.
func (w *Work) PushRecall(model string) (*RecalledModel, error) {
	m, err := w.s.recallModels.Get(w.tx, model)
	if errors.Is(err, store.ErrNotFound) {
		return nil, Refuse(NotFound)
	}
	if err != nil {
		return nil, err
	}
	if from := m.info(model).PushFrom; w.now.Before(from) {
		return nil, Refuse(RecallPushed).At(from)
	}
	m.PushedAt = w.now
	info := m.info(model)
	return &info, w.s.recallModels.Put(w.tx, model, m)
}
