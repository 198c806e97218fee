package main

import (
	"errors"
	"fmt"

	"github.com/aws/smithy-go"
)

// unreadJSON is something that could not be read, for programs.
type unreadJSON struct {
	Region   string `json:"region"`
	Identity string `json:"identity"` // empty for the list of identities
	Code     string `json:"code"`
	Message  string `json:"message"`
}

// unread lists what could not be read.
func (v *accountView) unread() []unreadJSON {
	all := []unreadJSON{}
	for _, r := range v.regions {
		for _, failure := range r.contents.Failures {
			code := "NoAnswer"
			if api, ok := errors.AsType[smithy.APIError](failure.Err); ok {
				code = api.ErrorCode()
			}
			all = append(all, unreadJSON{r.owner.Region, failure.Identity, code, failure.Err.Error()})
		}
	}
	return all
}

// unreadError says what could not be read, with exit status 2; nil if all was.
func (v *accountView) unreadError() error { return couldNot(v.unreadErrors()) }

func (v *accountView) unreadErrors() error {
	var all []error
	for _, r := range v.regions {
		for _, failure := range r.contents.Failures {
			all = append(all, fmt.Errorf("%s: %w", r.owner.Region, failure.Err))
		}
	}
	return errors.Join(all...)
}
