package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// What strangers can have for nothing has a pace, of the whole site: refusals of whoever has shown no session, and
// mails to addresses that want an account. Such an answer waits for its turn, at most turnWait, and holds no place
// meanwhile: so many connections that ask again as soon as they are answered take little of what answering owners needs
// (promise 14). Whoever comes alone waits for nothing.
const (
	refusalEvery = 500 * time.Microsecond
	signUpEvery  = 10 * time.Millisecond
	turnWait     = time.Second
)

// A queue hands out turns, one every so often; the time of a turn that nobody took is lost.
type queue struct {
	every, most time.Duration

	mu   sync.Mutex
	next time.Time
}

// turn is how long from now until the caller's turn.
func (q *queue) turn(now time.Time) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.next.Before(now) {
		q.next = now
	}
	wait := q.next.Sub(now)
	if wait >= q.most { // the queue is full: who comes now waits as long as all in it
		return q.most
	}
	q.next = q.next.Add(q.every)
	return wait
}

// wait waits for the caller's turn, or until he is gone.
func (q *queue) wait(ctx context.Context) {
	d := q.turn(time.Now())
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// await holds an answer back until its turn.
func (x *request) await(q *queue) {
	x.leavePlace()
	q.wait(x.r.Context())
}

// awaitRefusal holds a refusal back, unless it is said to somebody whose session was found.
func (x *request) awaitRefusal(err error) {
	if e, ok := errors.AsType[*auth.Error](err); !ok || !e.InSession {
		x.await(&x.s.refusals)
	}
}

// signUp has a mail sent to an address that wants an account. Its answer waits for its turn.
func (x *request) signUp(email string) (*auth.SignUpInfo, error) {
	info, err := x.s.service.SignUp(x.r.Context(), x.caller, email)
	x.await(&x.s.signUps)
	return info, err
}
