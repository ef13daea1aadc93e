package auth

import (
	"slices"
	"strings"
)

// forecast says, for each device, for likely pairs and for everything, what
// falls and what still gets the owner in. It is arithmetic on what the
// overview shows, so that page and rule cannot disagree.
func (t Table) forecast(methods []AuthenticatorInfo, devices []*Device) []Forecast {
	var rows []Forecast
	for _, d := range devices {
		if row := t.forecastRow(methods, d); len(row.Falls) > 0 {
			rows = append(rows, row)
		}
	}
	for i, a := range devices {
		for _, b := range devices[i+1:] {
			if areTogether(a, b) {
				rows = append(rows, t.forecastRow(methods, a, b))
			}
		}
	}
	if len(methods) > 0 {
		rows = append(rows, Forecast{Falls: slices.Clone(methods), Soon: SoonDesk})
	}
	return rows
}

// areTogether reports whether two things are likely lost at once: the phone and the key ring, or what its owner keeps
// in one place.
func areTogether(a, b *Device) bool {
	if isCarried(a) && isCarried(b) && (a.Kind == Handset) != (b.Kind == Handset) {
		return true
	}
	place := strings.TrimSpace(a.Place)
	return place != "" && strings.EqualFold(place, strings.TrimSpace(b.Place))
}

// isCarried reports whether a device is one that a person carries about.
func isCarried(d *Device) bool { return d.Kind == Handset || d.Kind == Stick && d.Place == "" }

// forecastRow is the row for devices that are lost together.
func (t Table) forecastRow(methods []AuthenticatorInfo, lost ...*Device) Forecast {
	var row Forecast
	for _, d := range lost {
		row.Lost = append(row.Lost, DeviceInfo{ID: d.ID, Name: d.Name, Place: d.Place, Kind: d.Kind})
	}
	for _, m := range methods {
		if m.State != Active {
			continue
		}
		if slices.ContainsFunc(lost, func(d *Device) bool { return d.ID == m.Device }) {
			row.Falls = append(row.Falls, m)
		} else {
			row.Left = append(row.Left, m)
		}
	}
	row.Soon = t.soon(row.Left)
	return row
}

// soon is how soon what is left gets its owner in.
func (t Table) soon(left []AuthenticatorInfo) Soon {
	switch {
	case len(left) == 0:
		return SoonDesk
	case slices.ContainsFunc(left, func(m AuthenticatorInfo) bool { return !t.Of(m.Kind, "").Set }):
		return SoonNow
	}
	return SoonLater
}

// isCovered reports whether whichever one thing is lost, something still gets the owner in.
func isCovered(rows []Forecast) bool {
	return !slices.ContainsFunc(rows, func(r Forecast) bool { return len(r.Lost) == 1 && len(r.Left) == 0 })
}

// backupNeeded reports whether there is one device whose loss leaves nothing
// reliable (R61): recovery codes alone are not a backup, and neither is what
// falls with the same phone.
func (w *Work) backupNeeded() (bool, error) {
	list, err := w.authenticators(w.account.ID)
	if err != nil {
		return false, err
	}
	on := map[string]bool{}
	for _, x := range list {
		if w.usable(w.account, x, "") && w.s.worth(x.Kind).Backup {
			on[x.Device] = true
		}
	}
	return len(on) < 2, nil
}
