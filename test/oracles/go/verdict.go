package main

import "fmt"

// refusal says why something published was refused: one of the codes of packages/transparency/src/errors.ts.
//
// It travels as a panic up to codeOf, the one place that recovers, so that a check reads as a list of what must hold.
type refusal struct {
	code string
	what string
	// profile is set where the C2SP specification, and the Go library, accept what Coffer does not.
	profile bool
}

func (r refusal) Error() string { return fmt.Sprintf("%s (%s)", r.code, r.what) }

func refuse(code, what string) { panic(refusal{code: code, what: what}) }

func require(holds bool, code, what string) {
	if !holds {
		refuse(code, what)
	}
}

// requireProfile is for Coffer's own limits: stricter than C2SP, and meant to be.
func requireProfile(holds bool, code, what string) {
	if !holds {
		panic(refusal{code, what, true})
	}
}

// verdictOf runs a check; nil when everything held.
func verdictOf(run func()) (found *refusal) {
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case refusal:
			found = &thrown
		default:
			panic(thrown)
		}
	}()
	run()
	return nil
}

// codeOf is the code of the refusal, empty when everything held.
func codeOf(run func()) string {
	if found := verdictOf(run); found != nil {
		return found.code
	}
	return ""
}
