// Package team is shops and their people: who belongs to a shop, as what, and
// who may change that. It is a subject as any other: its use cases go through
// auth's door by the rules that it registers, and what it keeps is its own.
//
// # Nouns
//
//	Account (auth) ──< member >── shop        one person, several shops, a role in each
//	                                │
//	                                └──< invitation    a mailed link, good once, for 7 days
//
//	owner > administrator > member > read-only         the ranks
//
// An account alone is a shop of one: it has no record here, and nobody asks it
// about shops.
//
// # How somebody comes and goes
//
//	InviteMember ──mail──► LookInvitation ─┬─ signed in ─────────────────────► AcceptInvitation ──► member
//	                                       └─ SignUpInvited ──► form ──► enrol ──► AcceptInvitation
//	member ──SuspendMember──► suspended ──ResumeMember──► member
//	member ──RemoveMember, LeaveShop──► gone, with the invitations that he had sent
//
// The link is bound to nothing that its sender typed: whoever holds it reads the
// mailbox that it went to, and joins with the account that he is signed in to.
// The mail names neither shop nor sender: to an address that nobody has shown
// yet, no stranger's words are carried. An invitation falls with what its sender
// falls with (a new password, "this was not me"), with his place and with his
// rank.
//
// # Who may change whom
//
// Whoever ranks above; of two owners, the one who has been owner longer. So an
// owner that a thief has appointed is no match for the one he stole from. A shop
// has an owner always: the last one who is not suspended can neither leave nor
// take a lower role, however many do so at the same moment, and one who has been
// owner for less than a day counts for nothing yet.
//
// An owner or administrator may ask for a security key of everybody from a date on (keys.go): auth holds each session
// of who has none back.
//
// Contact data of somebody who cannot verify is moved, after a delay, by an administrator or owner who ranks above by
// role; only in accounts that this shop's invitation has made and that belong to no other shop. Its owner hears of it
// at every address and stops it.
//
// # Hand-over
//
// An owner hands his place to somebody else: both of them speak, each with his best method, and it waits for a day
// (hand_over.go). The other one is owner from then on, for as long as the former one was, so that no co-owner ranks
// above him who did not before; the former one has left. So a shop is never without an owner.
//
// An account that is in no shop goes the same way (account.go): who takes it over makes an account of his own by the
// link, with a second step, and what he has set up becomes that of the account which is his then.
//
// # Collections
//
//	team_shop        "<shop>"
//	team_member      "<shop>/<account>"
//	team_place       "<account>/<shop>"    the same, to be found from the account
//	team_invitation  "<shop>/<hash>"       of the link's secret: whoever reads the store finds no link
//	team_hand-over   "<shop>/<hash>"       likewise; found by who has taken it, blind
//	                 "account/<account>/<hash>"
package team
