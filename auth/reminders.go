package auth

import (
	"context"
	"slices"
	"time"
)

// A Reminder is one piece of advice on the overview (R40, R63, R78): something that is fine today and better mended
// while there is time. Nobody is mailed about one, none stands in the way of a sign-in, and a page shows the first alone.
type Reminder string

// The reminders. They are API and keys of texts.
const (
	RemindBreached    Reminder = "breached-password" // it was published, as its owner's last sign-in showed
	RemindRecalled    Reminder = "recalled-key"      // its model is, and it is there still
	RemindFewCodes    Reminder = "few-codes"
	RemindSecondKey   Reminder = "second-key"   // there is one security key alone
	RemindUntested    Reminder = "untested-key" // nobody has touched a key for long
	RemindPhone       Reminder = "phone-not-proved"
	RemindOneOwner    Reminder = "one-owner" // of a shop with several people
	RemindOldPassword Reminder = "old-password"
	RemindOldSettings Reminder = "old-settings" // nobody has looked at them for long
)

// A ReminderInfo is one reminder that is due.
type ReminderInfo struct {
	Reminder Reminder
	Item     string    // the name of the key or shop that it is about, "" for none
	Count    int       // recovery codes left; else 0
	Since    time.Time // of what was not done for long; of a recalled key, until when another one should be there
	Path     string    // of the page that it leads to, at the site
}

// A reminderRow is one row of the table of reminders. They are shown in its order: what can be used against an account
// today, then what is missing when something is lost, then what grows old. Whoever puts one off is not told of it for
// that long.
type reminderRow struct {
	reminder Reminder
	away     time.Duration
	due      func(*Work, *SecurityInfo) (*ReminderInfo, error) // nil: not due
}

const day = 24 * time.Hour

func reminderTable() []reminderRow {
	return []reminderRow{
		{RemindBreached, 7 * day, (*Work).remindBreached},
		{RemindRecalled, 7 * day, (*Work).remindRecalled},
		{RemindFewCodes, 7 * day, (*Work).remindFewCodes},
		{RemindSecondKey, 30 * day, (*Work).remindSecondKey},
		{RemindUntested, 30 * day, (*Work).remindUntested},
		{RemindPhone, 90 * day, (*Work).remindPhone},
		{RemindOneOwner, 90 * day, (*Work).remindOneOwner},
		{RemindOldPassword, 90 * day, (*Work).remindOldPassword},
		{RemindOldSettings, 180 * day, (*Work).remindOldSettings},
	}
}

// listReminders fills in what is due and was not put off, the most urgent first.
func (w *Work) listReminders(info *SecurityInfo) error {
	info.Reminders = []ReminderInfo{}
	if w.session.restricted() {
		return nil // it has something else to do
	}
	for _, row := range reminderTable() {
		if w.now.Before(w.account.PutOff[row.reminder]) {
			continue
		}
		r, err := row.due(w, info)
		if err != nil {
			return err
		}
		if r != nil {
			r.Reminder = row.reminder
			info.Reminders = append(info.Reminders, *r)
		}
	}
	return nil
}

// PutOff puts a reminder off for the time of its row: "not now". Refuses NotFound for what is no reminder.
func (s *Service) PutOff(ctx context.Context, c Caller, r Reminder) error {
	return s.doOnce(ctx, c, ActPutOff, func(w *Work) error {
		table := reminderTable()
		i := slices.IndexFunc(table, func(row reminderRow) bool { return row.reminder == r })
		if i < 0 {
			return Refuse(NotFound)
		}
		if w.account.PutOff == nil {
			w.account.PutOff = map[Reminder]time.Time{}
		}
		w.account.PutOff[r] = w.now.Add(table[i].away)
		return s.accounts.Put(w.tx, string(w.account.ID), w.account)
	})
}

// noteBreached notes that the password by which somebody signs in was published, for the overview that he comes to. It
// is no reason to refuse him. A new password ends it.
func (w *Work) noteBreached(a *Account, found bool) error {
	if !found || !a.BreachedAt.IsZero() {
		return nil
	}
	a.BreachedAt = w.now
	return w.s.accounts.Put(w.tx, string(a.ID), a)
}

// usedBreached reports whether a right password was published. Where the list cannot be read nobody is told anything.
func (s *Service) usedBreached(right bool, typed string) bool {
	if !right {
		return false
	}
	found, err := s.isBreached(typed)
	return found && err == nil
}

func (w *Work) remindBreached(*SecurityInfo) (*ReminderInfo, error) {
	if w.account.BreachedAt.IsZero() {
		return nil, nil
	}
	return &ReminderInfo{Path: "/security/password"}, nil
}

// remindRecalled is about the recalled key whose day comes first, or is over the longest: nothing else follows from it.
func (w *Work) remindRecalled(info *SecurityInfo) (*ReminderInfo, error) {
	var first *ReminderInfo
	for _, m := range info.Methods {
		if m.Recall != nil && (first == nil || m.Recall.Due.Before(first.Since)) {
			first = &ReminderInfo{Item: m.Name, Since: m.Recall.Due, Path: "/security/keys/" + m.ID}
		}
	}
	return first, nil
}

func (w *Work) remindFewCodes(info *SecurityInfo) (*ReminderInfo, error) {
	if info.FewCodes == 0 {
		return nil, nil
	}
	return &ReminderInfo{Count: info.FewCodes, Path: "/security/codes"}, nil
}

// securityKeys are the sticks among methods: no passkey, which lives in a phone or a cloud.
func (w *Work) securityKeys(info *SecurityInfo) []AuthenticatorInfo {
	return slices.DeleteFunc(slices.Clone(info.Methods), func(m AuthenticatorInfo) bool {
		return m.State != Active || !w.s.isKeyOf(m.Kind, m.Flavour, m.Synced)
	})
}

func (w *Work) remindSecondKey(info *SecurityInfo) (*ReminderInfo, error) {
	keys := w.securityKeys(info)
	if len(keys) != 1 {
		return nil, nil
	}
	return &ReminderInfo{Item: keys[0].Name, Path: "/security/keys/new"}, nil
}

// remindUntested is about the key that was touched the longest ago: a spare that lies in a drawer.
func (w *Work) remindUntested(info *SecurityInfo) (*ReminderInfo, error) {
	var oldest *ReminderInfo
	age := w.s.policy.TestKeysAfter
	if age == 0 {
		return nil, nil
	}
	for _, m := range w.securityKeys(info) {
		since := laterOf(m.BoundAt, m.UsedAt)
		if w.now.Sub(since) >= age && (oldest == nil || since.Before(oldest.Since)) {
			oldest = &ReminderInfo{Item: m.Name, Since: since, Path: "/security/keys/" + m.ID + "/test"}
		}
	}
	return oldest, nil
}

func (w *Work) remindPhone(*SecurityInfo) (*ReminderInfo, error) {
	if w.account.Phone == "" || !w.account.PhoneAt.IsZero() {
		return nil, nil
	}
	return &ReminderInfo{Path: "/security/contact"}, nil
}

func (w *Work) remindOneOwner(*SecurityInfo) (*ReminderInfo, error) {
	asked := w.s.rulebook.Load().shops
	if asked == nil {
		return nil, nil
	}
	list, err := asked.OwnedAlone(w, w.account.ID)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &ReminderInfo{Item: list[0].Name, Path: "/shop/" + list[0].ID}, nil
}

func (w *Work) remindOldPassword(*SecurityInfo) (*ReminderInfo, error) {
	at, age := w.account.PasswordAt, w.s.policy.PasswordAge
	if age == 0 || at.IsZero() || w.now.Sub(at) < age {
		return nil, nil
	}
	return &ReminderInfo{Since: at, Path: "/security/password"}, nil
}

// remindOldSettings asks whoever has changed nothing for long to look whether all of it is still so (R78).
func (w *Work) remindOldSettings(info *SecurityInfo) (*ReminderInfo, error) {
	since := laterOf(w.account.EnrolledAt, w.account.PasswordAt)
	for _, m := range info.Methods {
		since = laterOf(since, m.BoundAt)
	}
	age := w.s.policy.ReviewAfter
	if age == 0 || since.IsZero() || w.now.Sub(since) < age {
		return nil, nil
	}
	return &ReminderInfo{Since: since, Path: "/security"}, nil
}
