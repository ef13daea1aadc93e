package server

import (
	"net/http"
	"strconv"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

// shopKeyPages are the security keys that a shop asks of its people.
func shopKeyPages() []page {
	return []page{
		{path: "/shop/{shop}/keys", who: enrolled, what: "shop", uses: []string{"Shop", "Keys", "DemandKeys"},
			get: shopKeysPage, post: shopKeysPost},
		{path: "/shop/{shop}/keys/drop", who: enrolled, what: "shop", uses: []string{"DropKeys"}, get: toShopKeys,
			post: dropKeysPost},
	}
}

func toShopKeys(x *request) error { return x.redirect(x.shopPath("/keys")) }

// usualDays is what is proposed: time to buy a key, and to try it.
const usualDays = 14

func shopKeysPage(x *request) error {
	info, f, err := x.place()
	if err != nil {
		return err
	}
	keys, err := x.s.shops.Keys(x.r.Context(), x.caller, info.ID)
	if err != nil {
		return err
	}
	v := &assets.ShopKeys{Frame: f, ShopLine: shopLine(info), From: keys.From, By: keys.By,
		Days: strconv.Itoa(usualDays)}
	if x.posted.Has("days") {
		v.Days = x.field("days")
	}
	lacking := 0
	for _, m := range keys.People {
		v.People = append(v.People, assets.Ready{Name: m.Name, Role: string(m.Role), Ready: m.Ready, Self: m.Self,
			Paused: m.Suspended})
		if !m.Ready {
			lacking++
		}
	}
	v.Lacking = lacking
	return x.show(http.StatusOK, v)
}

func shopKeysPost(x *request) error {
	days, err := strconv.Atoi(x.field("days"))
	if err != nil {
		days = 0 // out of range: that is told
	}
	from, err := x.s.shops.DemandKeys(x.r.Context(), x.caller, x.param("shop"), days)
	if err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "keys-asked", Time: from, Tone: "info"})
	return toShopKeys(x)
}

func dropKeysPost(x *request) error {
	return x.toldOn(x.shopPath("/keys"), "keys-dropped", x.s.shops.DropKeys(x.r.Context(), x.caller, x.param("shop")))
}

// askingShops are the names of the shops that ask for a key, now or later.
func askingShops(list []auth.Membership) []assets.Asking {
	var shops []assets.Asking
	for _, m := range list {
		shops = append(shops, assets.Asking{Shop: m.Name, From: m.KeysFrom})
	}
	return shops
}
