package web

import (
	"net/http"

	"github.com/latchkey-auth/latchkey/auth"
)

// Statuses maps every code to its HTTP status. 422 is "understood, and the values refused".
func Statuses() map[auth.Code]int {
	table := map[auth.Code]int{}
	for status, codes := range map[int][]auth.Code{
		http.StatusBadRequest: {auth.MalformedRequest, auth.UnknownMember, auth.DuplicateMember, auth.CookiesOff,
			auth.KeyMalformed},
		http.StatusUnauthorized: {auth.SessionRequired, auth.SessionEnded, auth.StepUpRequired, auth.TooWeak},
		http.StatusForbidden: {auth.CrossOrigin, auth.MustEnrol, auth.Forbidden, auth.CeremonyOtherBrowser,
			auth.MethodDisabled, auth.MethodRefused, auth.KeyFrozen, auth.MailCodeNeeded, auth.LinkOtherAccount,
			auth.AccountDisabled, auth.AccountHeld, auth.PasswordDue, auth.PuzzleNeeded, auth.PayoutRefused,
			auth.RoleTooLow, auth.VouchTooNew, auth.NotShopsAccount, auth.KeysOnly},
		http.StatusNotFound:         {auth.NotFound, auth.NoSuchMethod},
		http.StatusMethodNotAllowed: {auth.MethodNotAllowed},
		http.StatusConflict: {auth.CeremonyUsed, auth.MethodExists, auth.TooManyMethods,
			auth.ChangePending, auth.ChangePaused, auth.BackupFallsWith, auth.MailboxResets, auth.KeyExcluded,
			auth.LastOwner, auth.OwnerTooNew, auth.AlreadyMember, auth.ShopFull, auth.TooManyShops, auth.TooManyOwners,
			auth.TooManyInvitations, auth.MoveStopped, auth.CaseMoved, auth.PicturesFull, auth.PicturePreparing, auth.HandOverOwn,
			auth.HandOverNotTaken, auth.HandOverTooSoon, auth.HandOverInShop, auth.HandOverCooling,
			auth.KeysOnlyNeedsKeys, auth.KeysOnlyLastKey,
			auth.ClosingInShop, auth.ClosingHandOver, auth.ClosingChangePending, auth.ClosingCooling,
			auth.AccountDisputed, auth.TokenMoved, auth.RecallPushed, auth.HandOverOther,
			auth.TooManyAccounts, auth.ExportRuns, auth.AccountExists, auth.AddressTaken, auth.SignedUp, auth.QuestionNotSet, auth.SecurityCodeSet, auth.SecurityCodeNotSet,
			auth.SecurityCodeWaits, auth.NumberIsOnlyStep},
		http.StatusGone: {auth.CeremonyExpired, auth.CeremonyVoid, auth.LinkUsed, auth.PuzzleOver,
			auth.InvitationOver, auth.HandOverOver},
		http.StatusRequestTimeout:        {auth.TooSlow},
		http.StatusRequestEntityTooLarge: {auth.TooLarge, auth.PictureTooLarge, auth.ListTooLarge},
		http.StatusTooManyRequests: {auth.TooManyRequests, auth.SignInLocked, auth.MethodResting,
			auth.ResendTooSoon, auth.SendLimitReached, auth.TextsLater, auth.PhoneResetLater, auth.TicketLater,
			auth.UserNameClosed, auth.ExportLater},
		http.StatusInternalServerError: {auth.Internal},
		http.StatusServiceUnavailable:  {auth.Unavailable, auth.CodeUnavailable},
		http.StatusUnprocessableEntity: refusedValues(),
	} {
		for _, c := range codes {
			table[c] = status
		}
	}
	return table
}

// refusedValues are the codes of what was understood, and is no value to go on with.
func refusedValues() []auth.Code {
	return []auth.Code{
		auth.SignInRefused, auth.NameMissing, auth.NameTooLong, auth.UserNameMissing, auth.UserNameMalformed,
		auth.UserNameIsPassword, auth.UserNameWrong, auth.HandOverSignsWrong, auth.QuestionMissing,
		auth.QuestionTooLong, auth.AnswerMissing, auth.AnswerTooPlain, auth.AnswerWrong,
		auth.SecurityCodeWrong, auth.PayoutTextMalformed, auth.DaysOutOfRange, auth.NotRegistered,
		auth.LostMissing, auth.StoryMissing, auth.ChecksMissing, auth.StoryTooLong, auth.SpokeMissing,
		auth.AccountsMissing, auth.NetworkMalformed, auth.HoursMalformed, auth.TimeMalformed,
		auth.TimesReversed, auth.AccountUnknown, auth.TicketUnknown, auth.TokenUnknown, auth.NoteMalformed,
		auth.ListNotText, auth.PictureMissing, auth.PictureUnknown, auth.PictureHEIC, auth.PicturePDF,
		auth.PictureDamaged, auth.EmailMalformed, auth.PhoneMissing, auth.PhoneMalformed, auth.PhoneNoCountry,
		auth.PhoneOtherCountry, auth.PhoneLandline, auth.CountryNotServed, auth.TermsNotAccepted,
		auth.KeysOnlyNotUnderstood,
		auth.ClosingNotUnderstood, auth.PasswordTooShort, auth.PasswordTooLong, auth.PasswordNoUpper,
		auth.PasswordNoLower, auth.PasswordNoDigit, auth.PasswordNoSign, auth.PasswordIsUserName,
		auth.PasswordTooCommon, auth.PasswordTooSimple, auth.PasswordBreached, auth.PasswordWrong,
		auth.CodeWrong, auth.CodeMalformed, auth.CodeUsed, auth.CodeExpired, auth.AppClock, auth.TokenWrong,
		auth.CodeLayout, auth.CodeIncomplete, auth.KeyValuesMalformed, auth.SerialMalformed,
		auth.RecoveryWrong, auth.RecoveryUsed, auth.PuzzleWrong, auth.KeyWrong, auth.KeyChallengeWrong,
		auth.KeyOriginWrong, auth.KeyRPIDWrong, auth.KeyTypeWrong, auth.KeyNoTouch, auth.KeyNotVerified,
		auth.KeySignatureWrong, auth.KeyAlgorithm, auth.KeyNotUSB, auth.KeyModelRefused, auth.KeyModelRevoked,
		auth.KeySynced, auth.KeyLevelTooLow, auth.KeyAttestation, auth.KeyAttestationFormat, auth.KeyAttestationMalformed,
		auth.KeyAttestationForged, auth.KeyAttestationCertificate, auth.KeyAttestationExpired,
		auth.KeyBackupFlags, auth.KeyUserHandleWrong}
}
