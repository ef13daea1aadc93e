// Command guest has libfido2's tools do with a stick what its owner does, and stops at the first surprise. It types
// their PINs on a terminal of its own, since they read them from nothing else. It prints PASS last if all went well.
//
//	guest /dev/hidraw0
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Println("FAIL: usage: guest DEVICE")
		os.Exit(3)
	}
	if err := play(os.Args[1]); err != nil {
		fmt.Println("FAIL:", err)
		os.Exit(1)
	}
	fmt.Println("PASS")
}

const (
	right = "135790"
	wrong = "000000"
)

// play is the whole life of a stick.
func play(device string) error {
	s := &script{device: device}
	s.wants(s.run("fido2-token", "-L"), device+": vendor=0x1209, product=0x0001")
	s.wants(s.run("fido2-token", "-I", device), "proto: 0x02",
		"caps: 0x05 (wink, cbor, msg)", "U2F_V2", "FIDO_2_1", "noclientPin", "credMgmt")

	s.pins(right, right).run("fido2-token", "-S", device)
	s.wants(s.run("fido2-token", "-I", device), " clientPin", "pin retries: 8")
	s.pins(wrong).refused("FIDO_ERR_PIN_INVALID", "fido2-token", "-L", "-r", device)
	s.pins(wrong).refused("FIDO_ERR_PIN_INVALID", "fido2-token", "-L", "-r", device)
	s.wants(s.run("fido2-token", "-I", device), "pin retries: 6")

	id, key := s.register("fido2-cred -M -v", "li")
	s.wants(s.run("fido2-token", "-I", device), "pin retries: 8")
	s.signIn("fido2-assert -G -v", id, key)
	s.signIn("fido2-assert -G", id, key)

	_, key = s.register("fido2-cred -M -r -v", "wang")
	s.signIn("fido2-assert -G -r -v", "", key)
	s.wants(s.pins(right).run("fido2-token", "-L", "-r", device), "shop.example")
	s.wants(s.pins(right).run("fido2-token", "-L", "-k", "shop.example", device),
		base64.StdEncoding.EncodeToString([]byte("wang")))

	s.largeBlob()
	s.u2f()

	s.run("fido2-token", "-R", device)
	s.wants(s.run("fido2-token", "-I", device), "noclientPin")
	s.in(lines(hash("again"), "shop.example")).refused("FIDO_ERR_NO_CREDENTIALS", "fido2-assert", "-G", "-r", device)
	return s.err
}

// A script runs tools until one does something else than it should.
type script struct {
	device string
	err    error
	typed  []string // what the next tool is told on its terminal
	input  string   // what it reads
}

func (s *script) pins(p ...string) *script { s.typed = p; return s }

func (s *script) in(text string) *script { s.input = text; return s }

// run runs a tool, which must succeed, and returns what it writes.
func (s *script) run(tool ...string) string {
	out, err := s.start(tool)
	if err != nil && s.err == nil {
		s.err = fmt.Errorf("%s: %w", strings.Join(tool, " "), err)
	}
	return out
}

// refused runs a tool, which must fail with want.
func (s *script) refused(want string, tool ...string) {
	out, err := s.start(tool)
	if s.err == nil && (err == nil || !strings.Contains(out, want)) {
		s.err = fmt.Errorf("%s: got %v and %q, want %s", strings.Join(tool, " "), err, out, want)
	}
}

// wants looks for words in what a tool wrote.
func (s *script) wants(out string, words ...string) {
	for _, w := range words {
		if s.err == nil && !strings.Contains(out, w) {
			s.err = fmt.Errorf("got no %q in %q", w, out)
		}
	}
}

// register makes a credential, has libfido2 verify its attestation, and returns its identifier and its public key.
func (s *script) register(tool, user string) (id, key string) {
	made := s.in(lines(hash(user), "shop.example", user, base64.StdEncoding.EncodeToString([]byte(user)))).
		pins(right).run(append(strings.Fields(tool), s.device)...)
	s.wants(made, "packed")
	id, key, _ = strings.Cut(s.in(made).run("fido2-cred", "-V", "-v"), "\n")
	s.wants(key, "BEGIN PUBLIC KEY")
	forged := strings.Replace(made, hash(user), hash("another"), 1)
	s.in(forged).refused("fido_cred_verify", "fido2-cred", "-V", "-v")
	return id, key
}

// signIn makes an assertion and has libfido2 verify it.
func (s *script) signIn(tool, id, key string) {
	request, verify := lines(hash("sign in"), "shop.example"), []string{"fido2-assert", "-V"}
	if id != "" {
		request += id + "\n"
	}
	if strings.HasSuffix(tool, "-v") {
		s.pins(right)
		verify = append(verify, "-v")
	}
	got := s.in(request).run(append(strings.Fields(tool), s.device)...)
	const file = "/run/key.pem"
	s.file(file, key)
	s.in(got).run(append(verify, file, "es256")...)
	forged := strings.Replace(got, hash("sign in"), hash("another"), 1)
	s.in(forged).refused("fido_assert_verify", append(verify, file, "es256")...)
}

// largeBlob stores what fills a message of 60 packets, more than the kernel queues, and reads it again.
func (s *script) largeBlob() {
	const key, in, out = "/run/blob.key", "/run/blob", "/run/blob.out"
	blob := make([]byte, 3400)
	_, _ = rand.Read(blob) // never fails; and cannot be compressed
	s.file(key, lines(hash("a key of 32 bytes")))
	s.file(in, string(blob))
	s.pins(right).run("fido2-token", "-S", "-b", "-k", key, in, s.device)
	s.run("fido2-token", "-G", "-b", "-k", key, out, s.device)
	if got, err := os.ReadFile(out); s.err == nil && !bytes.Equal(got, blob) {
		s.err = fmt.Errorf("got a blob of %d bytes, %v, want the %d stored", len(got), err, len(blob))
	}
}

func (s *script) file(name, text string) {
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil && s.err == nil {
		s.err = err
	}
}

// u2f registers and signs in as CTAP1 does.
func (s *script) u2f() {
	made := s.in(lines(hash("u2f"), "old.example", "li", "bGk=")).run("fido2-cred", "-M", "-u", s.device)
	s.wants(made, "fido-u2f")
	id, key, _ := strings.Cut(s.in(made).run("fido2-cred", "-V"), "\n")
	got := s.in(lines(hash("u2f"), "old.example", id)).run("fido2-assert", "-G", "-u", s.device)
	const file = "/run/key.pem"
	s.file(file, key)
	s.in(got).run("fido2-assert", "-V", file, "es256")
}

func hash(of string) string {
	sum := sha256.Sum256([]byte(of))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func lines(l ...string) string { return strings.Join(l, "\n") + "\n" }

// start runs a tool on a terminal of its own, types at each prompt, and shows everything.
func (s *script) start(tool []string) (string, error) {
	typed, input := s.typed, s.input
	s.typed, s.input = nil, ""
	if s.err != nil {
		return "", s.err
	}
	fmt.Println("$", strings.Join(tool, " "))
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	master, slave, err := terminal()
	if err != nil {
		return "", err
	}
	defer master.Close()
	var out bytes.Buffer
	c := exec.CommandContext(ctx, tool[0], tool[1:]...)
	c.Stdin = strings.NewReader(input)
	c.Stdout = &out
	c.Stderr = &out
	c.ExtraFiles = []*os.File{slave} // 3
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	if err := c.Start(); err != nil {
		return "", err
	}
	_ = slave.Close()
	answered := make(chan int)
	go func() { answered <- answer(master, typed) }()
	err = c.Wait()
	_ = master.Close()
	if n := <-answered; n != len(typed) {
		err = fmt.Errorf("asked for %d PINs, want %d: %w", n, len(typed), err)
	}
	fmt.Print(out.String())
	return out.String(), err
}

// answer types the next of typed whenever a prompt ends, until the terminal is gone, and counts the prompts.
func answer(terminal io.ReadWriter, typed []string) int {
	seen, prompts := []byte{}, 0
	for b := make([]byte, 256); ; {
		n, err := terminal.Read(b)
		if err != nil {
			return prompts
		}
		seen = append(seen, b[:n]...)
		if !bytes.HasSuffix(seen, []byte(": ")) {
			continue
		}
		fmt.Printf("%s\n", bytes.TrimSpace(seen))
		seen = seen[:0]
		if prompts++; prompts > len(typed) {
			return prompts
		}
		if _, err := io.WriteString(terminal, typed[prompts-1]+"\n"); err != nil {
			return prompts
		}
	}
}

// terminal makes a pseudo-terminal.
func terminal() (master, slave *os.File, err error) {
	if master, err = os.OpenFile("/dev/ptmx", os.O_RDWR, 0); err != nil {
		return nil, nil, err
	}
	var number, unlock int32
	for request, argument := range map[uintptr]*int32{syscall.TIOCSPTLCK: &unlock, syscall.TIOCGPTN: &number} {
		if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request,
			uintptr(unsafe.Pointer(argument))); e != 0 {
			return nil, nil, e
		}
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	return master, slave, err
}
