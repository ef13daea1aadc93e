// Package recovery is for who has nothing left to prove the second step with: cases, what is said and shown in them,
// and who decides. It is a subject as any other: its use cases go through auth's door by the rules that it registers.
// It signs nobody in. An approved case has auth end the account's second step, and that is all.
//
// # Nouns
//
//	Account (auth) ──< case ──< step     what the applicant said, and what reviewers asked for
//	                    │
//	                    ├─────< vote     of a reviewer for it; two as a rule, and never one's own
//	                    ├─────< tick     what a reviewer has checked: all of it, before his vote
//	                    ├─────< note     of a reviewer for the others; the applicant reads none
//	                    ├─────< word     of a colleague for it
//	                    │
//	                    └─────< picture ──< piece   of a document, sealed with the key of the case
//
// # How a case goes
//
//	Ask ──mail──► asked ──OpenCase──► open ──AnswerCase──► review ──ApproveCase──► approved ──delay──► done
//	                │                   │                   │   ▲                     │
//	                │ 24 h              │ 30 days   AskMore │   │ AnswerCase          │ second step off,
//	                ▼                   ▼                   ▼   │                     │ the next session enrols
//	              (gone)              (gone)               more ┘                     │
//	                                                        │                         │
//	            review ──RefuseCase──► refused ──AppealCase, once──► review           │
//	            open, review, more, approved ──WithdrawCase, by the applicant──► withdrawn
//	            open, review, more, approved ──StopCase, by the owner──────────► stopped
//
// The link in the mail is the case's for its whole life: whoever holds it reads the account's mail, or that of the new
// address that was asked for. It is stored nowhere: the site makes it anew from the case's id.
//
// # The word of colleagues
//
// In place of reviewers, the people of the applicant's shops may speak for him: in each of his shops somebody of the
// same rank or above, who has been there in that role for 30 days, as the applicant has; for an owner another owner
// or two administrators. They find the case on their shop's page, and confirm with a strong method, which they have
// had for a week, that they have spoken to him.
//
//	open, review, more ──Vouch, the last that was needed──► approved ──12 h──► done
//	                   ◄──────────TakeWordBack───────────────┘
//
// A word stands as long as its speaker has his place, and until what ends all that he has begun: a new password,
// "this was not me". Against the owner's objection one word is never enough: two are, in each shop, or the reviewers.
// So one colleague alone, who says that everything is lost, does not get past an owner who has only a phone left. It
// is no way to retire a security code: that takes two reviewers. An account alone has nobody to ask, and is told so.
//
// # Who has taken an account over
//
// Whose former owner does not hand the account over that he sold, or is not to be found, asks for it with a mailbox of
// his own. It takes two reviewers always, and three days from their approval on; colleagues are not asked, who know the
// former owner. Owners hear of it and stop it as any other case. It ends in the act by which accounts are handed over
// (auth's HandOver): nothing of the former owner stands, the next password is set by a link to the new mailbox, and no
// payout is approved for a week.
//
// # An account that security keys alone open
//
// It takes two reviewers always, and a week from their approval on; colleagues are not asked. Its end leaves the
// protection as it is: the session that follows can do nothing but register security keys (auth's keys_only.go).
//
// # The clock
//
// Reviewers have 12 hours. The clock runs in review alone; it pauses while the applicant is asked for more, and begins
// anew with an appeal.
//
//	open     review            more            review             approved
//	  ─ ─ ─ ─ ├───runs────────┤ ─ ─pauses─ ─ ─ ├──runs──► 12 h     ─ ─ ─ ─
//
// # What nobody is told
//
// Whether somebody has an account. Asking answers alike for everybody, and takes as long. A new address is mailed in
// any case, and a case that is nobody's goes on like every other until reviewers see that there is no account. That its
// owner has stopped a case is told to the applicant in the same words.
//
// # How an owner stops a case
//
// All his addresses hear of it, and get a link. Signed in, he stops it with a strong method that the case does not name
// as lost, or with two weak ones. Whatever else he has, the link or a phone that the case says is stolen, makes the
// case wait: once, for 24 hours, and no fewer than two people then decide. So a thief with the phone does not stop the
// owner for ever, and a thief who applies does not get past the owner. Within a week of a case that was stopped the
// next one waits from its beginning.
//
// # Pictures of documents
//
//	AdmitPicture ──► (the file is read) ──► AddPicture ──► added ──AnswerCase, AppealCase──► sent ──ViewPicture, by reviewers
//	                                                         └──RemovePicture──► (gone)
//
// A file is read once its case has said that it takes one. Of it a picture is kept that is drawn anew (picture.go); it
// is sealed in pieces with a key of the case's own, which lies in a folder that is part of no backup. Some time after
// the decision, when nobody has gone on with the case, or at an operator's command, the key is destroyed, and then the
// pieces: no copy of the data opens them from then on (shred.go).
//
// A PDF is sealed as it came, and drawn later, by a process apart: its pages are pictures then, and it is gone
// (draft.go).
//
// # This was not me
//
// Whoever says so to a notice opens a report with what happened filled in, one an account however often he says it
// (reports.go). It decides nothing: support and reviewers read it, do what is to be done where that is done, and close
// it.
//
// # Collections
//
//	recovery_case   "<id>"   found by the account, blind; ended by a restored backup, which does not know who stopped it
//	recovery_report "<id>"   found by the account and by the links of its notices, blind
//	recovery_piece  "<case>/<picture>/<number>"   64 KB of a picture, sealed with the key of the case
package recovery
