package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/latchkey-auth/latchkey/store"
)

func panicIsOwn(t *testing.T, db store.DB) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			defer func() {
				if recover() == nil {
					t.Error("got no panic in the caller, want one")
				}
			}()
			db.Update(context.Background(), func(tx store.Tx) error {
				if err := tx.Put("c", "panic", nil); err != nil {
					t.Error(err)
				}
				panic("of " + fmt.Sprint(i))
			})
		})
		all.Go(func() { put(t, db, "other", fmt.Sprint(i), "x") })
	}
	all.Wait()
	wantDoc(t, get(t, db, "c", "panic"), "none")
	for i := range 8 {
		wantDoc(t, get(t, db, "other", fmt.Sprint(i)), "x")
	}
}

// goexitIsOwn ends the goroutine inside of fn, as a failing test does.
func goexitIsOwn(t *testing.T, db store.DB) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			past := false
			var inner sync.WaitGroup
			inner.Go(func() {
				db.Update(context.Background(), func(tx store.Tx) error {
					if err := tx.Put("c", "exit", nil); err != nil {
						t.Error(err)
					}
					runtime.Goexit()
					return nil
				})
				past = true
			})
			inner.Wait()
			if past {
				t.Error("got on past the Update, want the goroutine to end")
			}
		})
		all.Go(func() { put(t, db, "other", fmt.Sprint(i), "x") })
	}
	all.Wait()
	wantDoc(t, get(t, db, "c", "exit"), "none")
	for i := range 8 {
		wantDoc(t, get(t, db, "other", fmt.Sprint(i)), "x")
	}
}

func viewIsReadOnly(t *testing.T, db store.DB) {
	put(t, db, "c", "k", "x")
	view(t, db, func(tx store.Tx) error {
		wantErr(t, tx.Put("c", "k", nil), store.ErrReadOnly)
		wantErr(t, tx.Delete("c", "k"), store.ErrReadOnly)
		return nil
	})
	wantDoc(t, get(t, db, "c", "k"), "x")
	refused := errors.New("refused")
	wantErr(t, db.View(context.Background(), func(store.Tx) error { return refused }), refused)
}

func viewIsSnapshot(t *testing.T, db store.DB) {
	put(t, db, "c", "a", "1")
	put(t, db, "c", "b", "1")
	view(t, db, func(tx store.Tx) error {
		wantDoc(t, read(t, tx, "c", "a"), "1")
		done := make(chan struct{})
		go func() { // what a View must never do itself
			defer close(done)
			update(t, db, func(tx store.Tx) error {
				return errors.Join(tx.Put("c", "a", []byte("2")), tx.Put("c", "b", []byte("2")), tx.Put("c", "d", nil))
			})
		}()
		<-done
		wantDoc(t, read(t, tx, "c", "a"), "1")
		wantDoc(t, read(t, tx, "c", "b"), "1")
		wantList(t, scan(t, tx, "c", "", "", 10), "a=1", "b=1")
		return nil
	})
	wantDoc(t, get(t, db, "c", "b"), "2")
}

func transactionEnds(t *testing.T, db store.DB) {
	put(t, db, "c", "k", "x")
	var kept []store.Tx
	view(t, db, func(tx store.Tx) error { kept = append(kept, tx); return nil })
	update(t, db, func(tx store.Tx) error { kept = append(kept, tx); return nil })
	for _, tx := range kept {
		if _, err := tx.Get("c", "k"); err == nil {
			t.Error("got a document from a transaction that has ended, want an error")
		}
		if err := tx.Put("c", "k", nil); err == nil {
			t.Error("got no error from Put in a transaction that has ended")
		}
		if err := tx.Delete("c", "k"); err == nil {
			t.Error("got no error from Delete in a transaction that has ended")
		}
		for _, err := range tx.Scan("c", "", "", 1) {
			if err == nil {
				t.Error("got a document from a Scan in a transaction that has ended")
			}
		}
	}
	wantDoc(t, get(t, db, "c", "k"), "x")
}

func contextEnds(t *testing.T, db store.DB) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	ran := false
	fn := func(store.Tx) error { ran = true; return nil }
	wantErr(t, db.Update(ctx, fn), context.Canceled)
	wantErr(t, db.View(ctx, fn), context.Canceled)
	if ran {
		t.Error("fn ran though its context had ended")
	}
	// Once taken up, an Update runs to its end.
	ctx, cancel = context.WithCancel(context.Background())
	err := db.Update(ctx, func(tx store.Tx) error {
		cancel()
		return tx.Put("c", "k", []byte("x"))
	})
	want := "none"
	if err == nil {
		want = "x"
	} else {
		wantErr(t, err, context.Canceled)
	}
	wantDoc(t, get(t, db, "c", "k"), want)
}

// contextWhileWaiting ends an Update that waits behind one that is running. A store that runs both at
// once may serve it instead; then its write must be there.
func contextWhileWaiting(t *testing.T, db store.DB) {
	running, let := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		first := true
		update(t, db, func(tx store.Tx) error {
			if first {
				first = false
				close(running)
				<-let
			}
			return tx.Put("c", "first", []byte("x"))
		})
	})
	<-running
	ctx, cancel := context.WithCancel(context.Background())
	answer := make(chan error, 1)
	go func() {
		answer <- db.Update(ctx, func(tx store.Tx) error { return tx.Put("c", "second", []byte("x")) })
	}()
	cancel()
	err := <-answer
	close(let)
	all.Wait()
	wantDoc(t, get(t, db, "c", "first"), "x")
	if err == nil {
		wantDoc(t, get(t, db, "c", "second"), "x")
	} else {
		wantErr(t, err, context.Canceled)
		wantDoc(t, get(t, db, "c", "second"), "none")
	}
}

// together runs fn n times at once.
func together(n int, fn func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	all.Wait()
}

func lostUpdate(t *testing.T, db store.DB) {
	put(t, db, "c", "n", "0")
	together(64, func(int) {
		for range 4 {
			update(t, db, func(tx store.Tx) error {
				data, err := tx.Get("c", "n")
				if err != nil {
					return err
				}
				n, err := strconv.Atoi(string(data))
				if err != nil {
					return err
				}
				return tx.Put("c", "n", fmt.Append(nil, n+1))
			})
		}
	})
	wantDoc(t, get(t, db, "c", "n"), "256")
}

// writeSkew lets pairs each read both documents and remove their own if the other is there: one must stay.
func writeSkew(t *testing.T, db store.DB) {
	for round := range 32 {
		a, b := fmt.Sprint(round, "a"), fmt.Sprint(round, "b")
		put(t, db, "c", a, "x")
		put(t, db, "c", b, "x")
		together(2, func(i int) {
			mine, other := a, b
			if i == 1 {
				mine, other = b, a
			}
			update(t, db, func(tx store.Tx) error {
				if read(t, tx, "c", other) == "none" {
					return nil
				}
				return tx.Delete("c", mine)
			})
		})
		left := 0
		for _, key := range []string{a, b} {
			if get(t, db, "c", key) == "x" {
				left++
			}
		}
		if left != 1 {
			t.Fatalf("round %d: got %d documents left, want 1", round, left)
		}
	}
}

// phantom lets pairs each count a range and add to it only if it is empty: one may.
func phantom(t *testing.T, db store.DB) {
	for round := range 32 {
		prefix := fmt.Sprintf("%02d/", round)
		together(2, func(i int) {
			update(t, db, func(tx store.Tx) error {
				if len(scan(t, tx, "c", prefix, prefix+"~", 10)) > 0 {
					return nil
				}
				return tx.Put("c", prefix+fmt.Sprint(i), nil)
			})
		})
		view(t, db, func(tx store.Tx) error {
			if got := len(scan(t, tx, "c", prefix, prefix+"~", 10)); got != 1 {
				t.Errorf("round %d: got %d documents, want 1", round, got)
			}
			return nil
		})
	}
}

func consumeOnce(t *testing.T, db store.DB) {
	spent := errors.New("spent")
	for round := range 8 {
		key := fmt.Sprint(round)
		put(t, db, "code", key, "good")
		won := make(chan int, 64)
		together(64, func(i int) {
			err := db.Update(context.Background(), func(tx store.Tx) error {
				if _, err := tx.Get("code", key); errors.Is(err, store.ErrNotFound) {
					return spent
				} else if err != nil {
					return err
				}
				return errors.Join(tx.Delete("code", key), tx.Put("grant", key, fmt.Append(nil, i)))
			})
			switch {
			case err == nil:
				won <- i
			case !errors.Is(err, spent):
				t.Errorf("consuming: %v", err)
			}
		})
		close(won)
		if len(won) != 1 {
			t.Fatalf("round %d: got %d winners of 64, want 1", round, len(won))
		}
		wantDoc(t, get(t, db, "grant", key), fmt.Sprint(<-won))
	}
}

func closes(t *testing.T, db store.DB) {
	together(32, func(i int) {
		if i == 16 {
			if err := db.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			return
		}
		err := db.Update(context.Background(), func(tx store.Tx) error { return tx.Put("c", fmt.Sprint(i), nil) })
		if err != nil {
			wantErr(t, err, store.ErrClosed)
		}
	})
	nothing := func(store.Tx) error { return nil }
	wantErr(t, db.Update(context.Background(), nothing), store.ErrClosed)
	wantErr(t, db.View(context.Background(), nothing), store.ErrClosed)
}
