package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// ceremonyFlags say how a stored key takes part in one ceremony.
type ceremonyFlags struct {
	target   targetFlags
	topFrame string
	related  []string
	pin      string
	user     string // of the relying party
	account  string // among discoverable credentials
	noTouch  bool
	faults   []string
	verify   bool
	resident bool
	asJSON   bool
}

func (c *ceremonyFlags) add(f *pflag.FlagSet) {
	c.target.add(f)
	f.StringVar(&c.topFrame, "top", "",
		"`origin` of the page that the caller is framed in, when it is in a frame of another site")
	f.StringSliceVar(&c.related, "related", nil, "`list` of origins that the RP ID's /.well-known/webauthn names")
	f.StringVar(&c.pin, "pin", "", "the `PIN` that the user types when asked")
	f.BoolVar(&c.noTouch, "no-touch", false, "the user does not touch the key")
	f.StringSliceVar(&c.faults, "fault", nil, "`list` of ids of faults to put into the response")
	f.StringVar(&c.user, "user", "virtualkey", "with --rp, the `name` of the user")
	f.BoolVar(&c.verify, "verify", false, "with --rp, user verification is asked for")
	f.BoolVar(&c.asJSON, "json", false, "with --rp, the whole exchange as JSON")
}

// A ceremonyVerb is register or signin.
type ceremonyVerb struct {
	kind   fault.Ceremony
	begin  func(fault.Visit, context.Context, fault.Wish) (*fault.Begun, error)
	finish func(fault.Visit, context.Context, *fault.Begun, []byte) (*fault.Answer, error)
	answer func(*virtual.Client, context.Context, []byte) ([]byte, error)
}

func (p *program) registerCommand() *cobra.Command {
	c := &ceremonyFlags{}
	cmd := &cobra.Command{
		Use:   "register NAME [OPTIONS]",
		Short: "Register a key: creation options in, response out; or at a relying party",
		Long: `Register a key. Creation options come as JSON from a file or the standard input, bare or as the
member publicKey, and the response goes to the standard output: what a page gets from
navigator.credentials.create and toJSON. With --rp both are exchanged with a relying party.`,
		Example: `  virtualkey register stick options.json --origin https://shop.example
  virtualkey register stick --rp http://localhost:8080 --user alice
  virtualkey register stick --rp http://localhost:8080 --user alice --fault reg-origin-other`,
		Args: takes(1, 2),
	}
	c.add(cmd.Flags())
	cmd.Flags().BoolVar(&c.resident, "discoverable", false, "with --rp, a discoverable credential is asked for")
	cmd.RunE = p.ceremony(c, ceremonyVerb{
		fault.Registration, fault.Visit.RegisterBegin, fault.Visit.RegisterFinish, (*virtual.Client).CreateContext,
	})
	return cmd
}

func (p *program) signInCommand() *cobra.Command {
	c := &ceremonyFlags{}
	cmd := &cobra.Command{
		Use:   "signin NAME [OPTIONS]",
		Short: "Sign in with a key: request options in, response out; or at a relying party",
		Long: `Sign in with a key. Request options come as JSON from a file or the standard input, bare or as the
member publicKey, and the response goes to the standard output: what a page gets from
navigator.credentials.get and toJSON. With --rp both are exchanged with a relying party.`,
		Example: `  virtualkey signin stick options.json --origin https://shop.example
  virtualkey signin stick --rp http://localhost:8080 --user alice
  virtualkey signin stick --rp http://localhost:8080 --user alice --fault get-presence`,
		Args: takes(1, 2),
	}
	c.add(cmd.Flags())
	cmd.Flags().BoolVar(&c.resident, "discoverable", false, "with --rp, the user is not named")
	cmd.Flags().StringVar(&c.account, "account", "",
		"`name` of the user to be chosen among several discoverable credentials")
	cmd.RunE = p.ceremony(c, ceremonyVerb{
		fault.Authentication, fault.Visit.SignInBegin, fault.Visit.SignInFinish, (*virtual.Client).GetContext,
	})
	return cmd
}

func (p *program) ceremony(c *ceremonyFlags, v ceremonyVerb) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		h, err := p.openHome()
		if err != nil {
			return err
		}
		f, err := c.fault(v.kind)
		if err != nil {
			return err
		}
		if c.target.rp != "" && len(args) > 1 {
			return errors.New("options come from the relying party: want OPTIONS or --rp, not both")
		}
		var target *opened
		var options []byte
		if c.target.rp != "" {
			target, err = c.target.open(h)
		} else {
			options, err = p.read(strings.Join(args[1:], ""))
			options = conform.Unpadded(options)
		}
		if err != nil {
			return err
		}
		key, err := h.take(args[0], c.behave)
		if err != nil {
			return err
		}
		defer key.release()
		if target != nil {
			err = p.exchange(cmd.Context(), c, v, f, target, key)
		} else {
			err = p.respond(cmd.Context(), c, v, f, options, key)
		}
		if unsaved := key.save(); unsaved != nil { // which outweighs what the ceremony came to
			return unsaved
		}
		return err
	}
}

// behave is how the user behaves.
func (c *ceremonyFlags) behave(o *virtual.Options) {
	if c.noTouch {
		o.Presence = virtual.Untouched
	}
}

// fault is what is to be broken; nil: nothing.
func (c *ceremonyFlags) fault(kind fault.Ceremony) (*fault.Fault, error) {
	if len(c.faults) == 0 {
		return nil, nil
	}
	f, err := compose(c.faults)
	if err != nil {
		return nil, err
	}
	if f.Ceremony != kind {
		return nil, fmt.Errorf("%s is a fault of %s, not of %s", f.ID, f.Ceremony, kind)
	}
	return f, nil
}

// client is the browser, with the key plugged in.
func (c *ceremonyFlags) client(origin string, key *stored) *virtual.Client {
	out := &virtual.Client{
		Origin: origin, TopOrigin: c.topFrame, Authenticators: []*virtual.Authenticator{key.Authenticator}, PIN: c.pin,
		Related: func(string) []string { return c.related },
	}
	if c.account != "" {
		out.Choose = func(all []*virtual.Credential) *virtual.Credential {
			i := slices.IndexFunc(all, func(k *virtual.Credential) bool { return k.UserName == c.account })
			if i < 0 {
				return nil
			}
			return all[i]
		}
	}
	return out
}

// make makes the response, broken or honest. A browser that gives none proves nothing about a relying party.
func (v ceremonyVerb) make(ctx context.Context, client *virtual.Client, about fault.About, f *fault.Fault,
	options []byte) ([]byte, error) {
	var response []byte
	var err error
	if f != nil {
		response, err = f.Break(ctx, client, about, options)
	} else {
		response, err = v.answer(client, ctx, options)
	}
	var rejected *virtual.Error
	switch {
	case errors.As(err, &rejected) && rejected.Name == "TypeError":
		return nil, rejected
	case errors.As(err, &rejected):
		return nil, inconclusive("the browser gives no response: %w", rejected)
	}
	return response, err
}

// respond answers options that are given.
func (p *program) respond(ctx context.Context, c *ceremonyFlags, v ceremonyVerb, f *fault.Fault, options []byte,
	key *stored) error {
	about, err := aboutOptions(options, c.target.origin, c.target.rpID)
	if err != nil {
		return err
	}
	response, err := v.make(ctx, c.client(about.Origin, key), about, f, options)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s\n", response)
	return err
}

// aboutOptions is what is known of the relying party that sent options: by flags, or else by the RP ID in them.
func aboutOptions(options []byte, origin, rpID string) (fault.About, error) {
	about := fault.About{Origin: origin, RPID: rpID}
	type members struct {
		RPID string              `json:"rpId"`
		RP   struct{ ID string } `json:"rp"`
	}
	var in struct {
		members
		PublicKey *members `json:"publicKey"`
	}
	if err := json.Unmarshal(options, &in); err != nil {
		return about, fmt.Errorf("reading the options: %w", err)
	}
	if in.PublicKey != nil {
		in.members = *in.PublicKey
	}
	if about.RPID == "" {
		about.RPID = or(in.RP.ID, in.RPID)
	}
	if about.Origin == "" {
		if about.RPID == "" || about.RPID == "localhost" {
			return about, errors.New("say which page asks: --origin http://localhost:8080")
		}
		about.Origin = "https://" + about.RPID
	}
	if about.RPID == "" {
		if at, err := url.Parse(about.Origin); err == nil {
			about.RPID = at.Hostname()
		}
	}
	return about, nil
}

// An exchanged is one ceremony with a relying party, for programs.
type exchanged struct {
	Accepted bool            `json:"accepted"`
	Status   int             `json:"status,omitempty"`
	Code     string          `json:"code,omitempty"`
	Text     string          `json:"text,omitempty"`
	Step     string          `json:"step,omitempty"`
	Fault    string          `json:"fault,omitempty"`
	Verdict  conform.Verdict `json:"verdict,omitempty"` // on the fault
	Options  json.RawMessage `json:"options"`
	Response string          `json:"response"` // as text: a fault may have made it something else than JSON
}

// exchange plays one ceremony at a relying party.
func (p *program) exchange(ctx context.Context, c *ceremonyFlags, v ceremonyVerb, f *fault.Fault, target *opened,
	key *stored) error {
	visit, err := target.party.Visit(ctx, c.user)
	if err != nil {
		return unplayed("visiting", err)
	}
	begun, err := v.begin(visit, ctx, fault.Wish{Verify: c.verify, Discoverable: c.resident})
	if err != nil {
		return unplayed("beginning the "+string(v.kind), err)
	}
	about := target.party.About()
	response, err := v.make(ctx, c.client(about.Origin, key), about, f, begun.Options)
	if err != nil {
		return err
	}
	answer, err := v.finish(visit, ctx, begun, response)
	if err != nil {
		return unplayed("finishing the "+string(v.kind), err)
	}
	out := exchanged{
		Accepted: answer.Accepted, Status: answer.Status, Code: answer.Code, Text: answer.Text, Step: answer.Step,
		Options: begun.Options, Response: string(response),
	}
	return p.conclude(c, f, target, out)
}

// unplayed is the end of a ceremony in which nothing could be said: unreachable is exit 3, all else proves nothing.
func unplayed(doing string, err error) error {
	if errors.Is(err, conform.ErrUnreachable) || errors.Is(err, conform.ErrNotLoopback) {
		return ownHint(fmt.Errorf("%s: %w", doing, err))
	}
	return inconclusive("%s: %w", doing, err)
}

// conclude prints the answer and judges it. A fault is judged as conform does, the honest twin taken for granted.
func (p *program) conclude(c *ceremonyFlags, f *fault.Fault, target *opened, out exchanged) error {
	code := conform.ExitAsExpected
	detail := ""
	switch {
	case f != nil:
		run := &conform.Report{
			Twins: map[fault.Baseline]*conform.TwinResult{f.Baseline: {Answer: &conform.Said{Accepted: true}}},
			Results: []*conform.Result{{
				ID: f.ID, Baseline: f.Baseline,
				Answer: &conform.Said{Accepted: out.Accepted, Status: out.Status, Code: out.Code, Text: out.Text,
					Step: out.Step},
			}},
		}
		run = conform.Judge(run, []*fault.Fault{f}, conform.Options{Oracle: target.oracle, Policy: target.policy})
		out.Fault = f.ID
		out.Verdict = run.Results[0].Verdict
		detail = run.Results[0].Detail
		code = run.Summary.Exit
	case !out.Accepted:
		code = conform.ExitGap
	}
	if c.asJSON {
		return after(p.printJSON(out), code)
	}
	verdict := "refused"
	if out.Accepted {
		verdict = "accepted"
	}
	words := []string{verdict}
	for _, s := range []string{fmt.Sprint(out.Status), out.Code, out.Step, out.Text} {
		if s != "" && s != "0" {
			words = append(words, s)
		}
	}
	fmt.Fprintln(p.stdout, strings.Join(words, " "))
	if f != nil {
		fmt.Fprintf(p.stdout, "%s: %s: %s\n", f.ID, out.Verdict, detail)
	}
	return exit(code)
}
