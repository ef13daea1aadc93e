// Package staff keeps the people who work at the desk: who they are, what each role may do, and their keys and
// sessions. It is a subject as any other: its use cases go through auth's door by the rules that it registers, and
// auth asks it, in the transaction of every act of the staff, who is acting (auth.Staff).
//
//	latchkey staff add ──► link ─┐
//	Invite ──────────────► mail ─┴─► Join: a first key ──► restricted session ── AddKey ──► both keys: any act of the role
//	                                                            ▲
//	SignIn(e-mail) ── key that verified its user ───────────────┘ (restricted while there is one key)
//
// A key that verified its user is the only way in: there is no password, no code and no link that signs anybody in
// twice. Nobody is seller and staff at once: the mailbox of a seller becomes no member's, and the other way round.
//
// A key that is lost is replaced by two other people (AskNewKeys, GrantNewKeys) or by the command on the host: the
// member's keys and sessions end, and a link like the first one begins anew. What was begun in somebody's name ends
// with his role, his keys or his place: sessions, and invitations that nobody has used. Of every key that is registered
// its member hears by mail.
//
// # Collections
//
//	staff_member       "<member>"          by e-mail, mailbox and credential (unique)
//	staff_invitation   "<hash of token>"   over once it was used
//	staff_session      "<member>/<hash>"
//	staff_response     "<id>"              an act on many accounts (response.go)
//	staff_target       "<response>/<account>"
//
// Sessions and invitations do not outlive the restoring of a backup.
package staff
