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
		isFormer := func(e EventInfo) bool { return e.At.Before(w.account.HandedAt) }
		if at := slices.IndexFunc(info.Events, isFormer); at >= 0 { // where a former owner was is nobody else's business
			info.Events, info.Next = info.Events[:at], ""
		}
		return info, nil
	})
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
