package auth

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"
)

// What is stored of a person is in what he takes away, member by member, or here it says why not.
func TestEveryMemberIsTaken(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	version := map[string]string{"V": "of the stored form"}
	for _, c := range []struct {
		stored any
		taken  func(any) any
		untold map[string]string
	}{
		{Account{}, func(x any) any { return x.(*Account).held(now) }, map[string]string{
			"Handle": "in his keys", "Password": "a hash", "Epoch": "counts what has ended",
			"EmailWeakAt": "how an address was proved, which decides what it may do", "PausedAt": "beside PausedUntil",
			"DisabledAt": "nobody who takes anything is switched off", "DormancyAt": "beside Dormancy",
			"StrongAt": "which links of before are good", "MadeBy": "the shop has told him; it is in his places",
			"CoolWhy": "told beside CoolUntil"}},
		{Authenticator{}, func(x any) any { return x.(*Authenticator).held() }, map[string]string{
			"Account": "his", "Credential": "what verifies it", "Digest": "of what verifies it",
			"Data": "what verifies it", "Weakly": "in the history",
			"Token": "the stock's name for it; the number on it is told", "Rev": "counts writes"}},
		{Device{}, func(x any) any { return x.(*Device).held() }, nil},
		{session{}, func(x any) any { return x.(*session).held(false) }, map[string]string{
			"Account": "his", "Remember": "it is in Expires", "Shared": "how long it lasts is told",
			"Restricted": "nobody who takes anything is", "keyDue": "nobody who takes anything is",
			"Proofs": "in the history", "OpenedBy": "in the history", "CodeAt": "in the history", "Approved": "in the history",
			"Browser": "a hash", "Epochs": "count what has ended", "Line": "the session's former names",
			"Next": "the session's later name", "NextAt": "when it got that", "NextAgain": "how it got that"}},
		{BrowserInfo{}, func(x any) any { return x.(*BrowserInfo).held() }, map[string]string{
			"Current": "of the page alone", "Cookie": "in none that is read"}},
	} {
		kind := reflect.TypeOf(c.stored)
		bare, err := json.Marshal(c.taken(reflect.New(kind).Interface()))
		if err != nil {
			t.Fatal(err)
		}
		for i := range kind.NumField() {
			name := kind.Field(i).Name
			if version[name] != "" {
				continue
			}
			x := reflect.New(kind)
			told := false
			if f := x.Elem().Field(i); f.CanSet() {
				set(t, f, now.Add(time.Hour))
				got, err := json.Marshal(c.taken(x.Interface()))
				if err != nil {
					t.Fatal(err)
				}
				told = !slices.Equal(got, bare)
			}
			if told == (c.untold[name] != "") {
				t.Errorf("%s.%s: told is %t, and %q is why it is not", kind.Name(), name, told, c.untold[name])
			}
		}
	}
}

// set gives a member a value: the first that it can have beside none, of a struct in each of its members.
func set(t *testing.T, f reflect.Value, at time.Time) {
	t.Helper()
	switch f.Kind() {
	case reflect.Bool:
		f.SetBool(true)
	case reflect.String:
		f.SetString("x")
	case reflect.Int, reflect.Int64:
		f.SetInt(int64(asleep))
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		f.SetUint(1)
	case reflect.Slice:
		f.Set(reflect.MakeSlice(f.Type(), 1, 1))
	case reflect.Map:
		f.Set(reflect.MakeMap(f.Type()))
		key, value := reflect.New(f.Type().Key()).Elem(), reflect.New(f.Type().Elem()).Elem()
		set(t, key, at)
		set(t, value, at)
		f.SetMapIndex(key, value)
	case reflect.Pointer:
		f.Set(reflect.New(f.Type().Elem()))
		set(t, f.Elem(), at)
	case reflect.Struct:
		if f.Type() == reflect.TypeFor[time.Time]() {
			f.Set(reflect.ValueOf(at))
			return
		}
		for i := range f.NumField() {
			if f.Field(i).CanSet() {
				set(t, f.Field(i), at)
			}
		}
	default:
		t.Fatalf("a member of kind %s", f.Kind())
	}
}
