package auth

import (
	"slices"
	"strings"
)

// forecast says, for each device, for what is likely lost at once and for everything, what falls and what still gets the
// owner in. It is arithmetic on what the overview shows, so that page and rule cannot disagree.
func (t Table) forecast(methods []AuthenticatorInfo, devices []*Device) []Forecast {
	var rows []Forecast
	for _, d := range devices {
		if row := t.forecastRow(methods, d); len(row.Falls) > 0 {
			rows = append(rows, row)
		}
	}
	for _, set := range togethers(devices) {
		row := t.forecastRow(methods, set.devices...)
		row.Ask = set.ask
		rows = append(rows, row)
	}
	if len(methods) > 0 {
		rows = append(rows, Forecast{Falls: slices.Clone(methods), Soon: SoonDesk})
	}
	return rows
}

// A together is a set of things that are likely lost at once.
type together struct {
	devices []*Device
	ask     bool // it is so only as long as nobody has said where the keys among them are kept
}

// togethers are all such sets: what is kept in one place, by its owner's word; a phone and the key ring, which are
// carried; and without a phone, keys of which nothing is known: they may well hang on one ring.
func togethers(devices []*Device) []together {
	var sets []together
	ring, phones := sticksOfNoPlace(devices), 0
	for _, d := range devices {
		if here := keptWith(d, devices); len(here) > 1 && here[0] == d {
			sets = append(sets, together{devices: here})
		}
		if d.Kind == Handset {
			phones++
			if len(ring) > 0 {
				carried := func(x *Device) bool { return x == d || slices.Contains(ring, x) }
				sets = append(sets, together{only(devices, carried), len(ring) > 1})
			}
		}
	}
	if phones == 0 && len(ring) > 1 {
		sets = append(sets, together{ring, true})
	}
	return sets
}

// sticksOfNoPlace are the keys of which nobody has said where they are kept.
func sticksOfNoPlace(devices []*Device) []*Device {
	return only(devices, func(d *Device) bool { return d.Kind == Stick && d.place() == "" })
}

// keptWith are the devices at the place of one, itself among them; nil if nobody has said where that is.
func keptWith(one *Device, devices []*Device) []*Device {
	if one.place() == "" {
		return nil
	}
	return only(devices, func(d *Device) bool { return strings.EqualFold(d.place(), one.place()) })
}

// only are the devices of which something holds, as they are listed.
func only(devices []*Device, holds func(*Device) bool) []*Device {
	return slices.DeleteFunc(slices.Clone(devices), func(d *Device) bool { return !holds(d) })
}

func (d *Device) place() string { return strings.TrimSpace(d.Place) }

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
