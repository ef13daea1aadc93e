package auth

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
)

// MaxHistory is how many events one page of the history holds at most.
const MaxHistory = 100

// History lists the account's audited acts, newest first, at most limit: 1 to MaxHistory. cursor is HistoryInfo.Next of
// the page before, "" for the first.
func (s *Service) History(ctx context.Context, c Caller, cursor string, limit int) (*HistoryInfo, error) {
	before, err := strconv.ParseUint(cmp.Or(cursor, "0"), 10, 64)
	if err != nil {
		return nil, RefuseField(MalformedRequest, "cursor")
	}
	if limit < 1 || limit > MaxHistory {
		return nil, RefuseField(MalformedRequest, "limit")
	}
	return do(ctx, s, c, ActHistory, func(w *Work) (*HistoryInfo, error) {
		info := new(HistoryInfo)
		chain := string(w.account.ID)
		head, err := s.chains.Get(w.tx, chain)
		if err != nil {
			return info, ignoreMissing(err)
		}
		end := head.Seq + 1
		if before > 0 {
			end = min(end, before)
		}
		start := uint64(1)
		if end > uint64(limit) {
			start = end - uint64(limit)
		}
		if info.Events, err = w.eventsBetween(chain, start, end); err != nil {
			return nil, err
		}
		slices.Reverse(info.Events)
		if start > 1 {
			info.Next = strconv.FormatUint(start, 10)
		}
		w.cutFormer(info)
		return info, nil
	})
}

// cutFormer ends a history where a former owner's begins: where he was is nobody else's business.
func (w *Work) cutFormer(info *HistoryInfo) {
	isFormer := func(e EventInfo) bool { return e.At.Before(w.account.HandedAt) }
	if at := slices.IndexFunc(info.Events, isFormer); at >= 0 {
		info.Events, info.Next = info.Events[:at], ""
	}
}

// eventsBetween reads events of a chain, oldest first, as their owner sees them.
func (w *Work) eventsBetween(chain string, start, end uint64) ([]EventInfo, error) {
	var list []EventInfo
	for item, err := range w.s.events.Scan(w.tx, eventKey(chain, start), eventKey(chain, end), int(end-start)) {
		if err != nil {
			return nil, fmt.Errorf("reading the history: %w", err)
		}
		e := item.Doc
		list = append(list, EventInfo{At: e.At, Action: e.Action, Outcome: e.Outcome, Kind: e.Kind, Flavour: e.Flavour,
			Channel: e.Channel, Due: e.Due, Item: e.Item, ItemID: e.ID, Agent: e.Agent, IP: e.IP,
			Times: max(e.Times, 1)})
	}
	return list, nil
}

// methodHistoryReach is how far back the history of one method is looked for, in events of the account.
const methodHistoryReach = 3 * MaxHistory

// MethodHistory lists the newest acts about one method, at most limit: 1 to MaxHistory. It goes by the method's id,
// whatever the method was called at the time. Refuses NoSuchMethod.
func (s *Service) MethodHistory(ctx context.Context, c Caller, id string, limit int) (*HistoryInfo, error) {
	if limit < 1 || limit > MaxHistory {
		return nil, RefuseField(MalformedRequest, "limit")
	}
	return do(ctx, s, c, ActHistory, func(w *Work) (*HistoryInfo, error) {
		if _, err := w.ownAuthenticator(id); err != nil {
			return nil, err
		}
		chain := string(w.account.ID)
		head, err := s.chains.Get(w.tx, chain)
		if err != nil {
			return new(HistoryInfo), ignoreMissing(err)
		}
		end := head.Seq + 1
		list, err := w.eventsBetween(chain, max(end, methodHistoryReach+1)-methodHistoryReach, end)
		list = slices.DeleteFunc(list, func(e EventInfo) bool { return e.ItemID != id })
		slices.Reverse(list)
		return &HistoryInfo{Events: list[:min(len(list), limit)]}, err
	})
}

// itemReach is how many events of the account one pass over the history of one thing reads.
const itemReach = 5 * MaxHistory

// ItemHistory lists the account's acts about one thing, newest first: a method, a device with all that lives on it, or
// a shop, by its id. There may be fewer on a page than there are further on, even none: Next says where to read on.
// cursor is HistoryInfo.Next of the page before, "" for the first.
func (s *Service) ItemHistory(ctx context.Context, c Caller, item, cursor string) (*HistoryInfo, error) {
	before, err := strconv.ParseUint(cmp.Or(cursor, "0"), 10, 64)
	if err != nil {
		return nil, RefuseField(MalformedRequest, "cursor")
	}
	return do(ctx, s, c, ActHistory, func(w *Work) (*HistoryInfo, error) { return w.historySlice(item, before) })
}

// TakeHistory hands out the account's whole history, or that of one thing (ItemHistory), newest first and slice after
// slice: no more than a slice is in memory. Each is read in a pass of its own, so that it ends with the session. What
// visit returns ends it.
func (s *Service) TakeHistory(ctx context.Context, c Caller, item string, visit func([]EventInfo) error) error {
	for before := uint64(0); ; {
		slice, err := do(ctx, s, c, ActTakeHistory, func(w *Work) (*HistoryInfo, error) {
			return w.historySlice(item, before)
		})
		if err != nil {
			return err
		}
		if err := visit(slice.Events); err != nil || slice.Next == "" {
			return err
		}
		if before, err = strconv.ParseUint(slice.Next, 10, 64); err != nil {
			return err
		}
	}
}

// historySlice is what the itemReach events before a place of the account's chain, 0 for its end, say of one thing, ""
// for all.
func (w *Work) historySlice(item string, before uint64) (*HistoryInfo, error) {
	info := new(HistoryInfo)
	chain := string(w.account.ID)
	head, err := w.s.chains.Get(w.tx, chain)
	if err != nil {
		return info, ignoreMissing(err)
	}
	end := head.Seq + 1
	if before > 0 {
		end = min(end, before)
	}
	start := max(end, itemReach+1) - itemReach
	if info.Events, err = w.eventsBetween(chain, start, end); err != nil {
		return nil, err
	}
	slices.Reverse(info.Events)
	if start > 1 {
		info.Next = strconv.FormatUint(start, 10)
	}
	w.cutFormer(info)
	if item == "" {
		return info, nil
	}
	ids, err := w.idsOn(item)
	info.Events = slices.DeleteFunc(info.Events, func(e EventInfo) bool { return !slices.Contains(ids, e.ItemID) })
	return info, err
}

// idsOn are the ids by which acts about one thing are noted: its own and, of a device, those of the methods on it.
func (w *Work) idsOn(item string) ([]string, error) {
	ids := []string{item}
	list, err := w.authenticators(w.account.ID)
	for _, x := range list {
		if x.Device == item {
			ids = append(ids, x.ID)
		}
	}
	return ids, err
}
