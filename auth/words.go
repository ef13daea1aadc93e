package auth

import "time"

// This file is what takes more than one of the staff: an act that is done once enough of them have said a word for it.
// Every such act counts words here, whatever part it is of: the reviews of recovery, and what package staff has proposed
// and agreed to.

// A Word is what one of the staff has said for an act.
type Word struct {
	By string    `json:"by"`
	At time.Time `json:"t"`
}

// StandingWords are the words that still count: who said them has kept his place since, and his role still has the act.
func (w *Work) StandingWords(words []Word, a Action) ([]Word, error) {
	var list []Word
	for _, x := range words {
		still, err := w.StaffMay(x.By, a, x.At)
		if err != nil {
			return nil, err
		}
		if still {
			list = append(list, x)
		}
	}
	return list, nil
}

// Speak is the words for an act that still count, and one more of one of the staff. Refuses Forbidden for whoever is no
// other person than those who have spoken: himself, or somebody whom one of them has brought in.
func (w *Work) Speak(words []Word, by string, a Action) ([]Word, error) {
	list, err := w.StandingWords(words, a)
	if err != nil {
		return nil, err
	}
	for _, x := range list {
		apart, err := w.staffApart(x.By, by)
		if err != nil {
			return nil, err
		}
		if !apart {
			return nil, Refuse(Forbidden)
		}
	}
	return append(list, Word{By: by, At: w.now}), nil
}

// staffApart reports whether two of the staff count as two persons.
func (w *Work) staffApart(a, b string) (bool, error) {
	asked := w.s.rulebook.Load().staff
	if a == b || asked == nil {
		return a != b, nil
	}
	return asked.Apart(w, a, b)
}
