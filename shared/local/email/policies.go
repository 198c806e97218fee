package email

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/local/wire"
)

// maxPolicies is the documented quota of policies on one identity, and how many
// one GetIdentityPolicies can ask for.
const maxPolicies = 20

// request has the parameters of all operations.
type request struct {
	Identity, PolicyName, Policy string
	PolicyNames                  []string

	key string // the identity's canonical form
}

// service is the API version 2010-12-01.
var service = wire.Service[*Server, request]{
	Query: wire.Query{Namespace: "http://ses.amazonaws.com/doc/2010-12-01/"},
	Operations: map[string]wire.Operation[*Server, request]{
		"PutIdentityPolicy":    onIdentity(putPolicy),
		"DeleteIdentityPolicy": onIdentity(deletePolicy),
		"GetIdentityPolicies":  onIdentity(getPolicies),
		"ListIdentityPolicies": onIdentity(listPolicies),
	},
}

// onIdentity makes an operation on one identity, which runs under the lock.
func onIdentity(do func(*Server, request) (any, error)) wire.Operation[*Server, request] {
	return func(_ context.Context, s *Server, in request) (_ any, err error) {
		if in.key, err = s.canonical(in.Identity); err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return do(s, in)
	}
}

func putPolicy(s *Server, in request) (any, error) {
	if err := checkName(in.PolicyName); err != nil {
		return nil, err
	}
	principals, err := judge(in.Policy)
	if err != nil {
		return nil, err
	}
	stored := jsontext.Value(in.Policy)
	if err := stored.Compact(); err != nil {
		return nil, invalidPolicy("Invalid policy: " + err.Error())
	}
	if slices.ContainsFunc(principals, func(principal string) bool { return s.unknown[principal] }) {
		return nil, invalidPolicy("invalid principal")
	}
	policies := s.policies[in.key]
	if _, replaces := policies[in.PolicyName]; !replaces && len(policies) == maxPolicies {
		return nil, invalidParameter("Number of policies for " + in.Identity + " exceeds max allowed number of policies per resource")
	}
	if policies == nil {
		policies = map[string]string{}
		s.policies[in.key] = policies
	}
	policies[in.PolicyName] = string(stored)
	return wire.Nothing{}, nil
}

func deletePolicy(s *Server, in request) (any, error) {
	delete(s.policies[in.key], in.PolicyName)
	return wire.Nothing{}, checkName(in.PolicyName)
}

func getPolicies(s *Server, in request) (any, error) {
	if len(in.PolicyNames) > maxPolicies {
		return nil, violated("policyNames", "Member must have length less than or equal to 20")
	}
	type entry struct {
		Name string `xml:"key"`
		Text string `xml:"value"`
	}
	var result struct {
		Policies []entry `xml:"Policies>entry"`
	}
	for _, name := range in.PolicyNames {
		if text, ok := s.policies[in.key][name]; ok {
			result.Policies = append(result.Policies, entry{name, text})
		}
	}
	return result, nil
}

func listPolicies(s *Server, in request) (any, error) {
	return struct {
		Names []string `xml:"PolicyNames>member"`
	}{slices.Sorted(maps.Keys(s.policies[in.key]))}, nil
}

// PathPrefix begins the path of every call of the API v2.
const PathPrefix = "/v2/email/"

// ServeHTTP answers one call, of either API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, PathPrefix) {
		s.v2.ServeHTTP(w, r)
		return
	}
	asked := service.Read(w, r, s)
	call := &Call{Action: asked.Action, Identity: asked.Input.Identity, PolicyName: asked.Input.PolicyName}
	call.Key, _ = s.canonical(call.Identity)
	fault := s.FaultOf(*call)
	if !wire.Wait(r.Context(), fault.Before) {
		panic(http.ErrAbortHandler) // it never arrived
	}
	fault.Before = 0
	requestID, refused := s.arrive(call)
	if refused != nil {
		fault.Code, fault.Status, fault.Act = "", 0, true
	}
	result, err := wire.Under(r.Context(), fault, func() (any, error) {
		if refused != nil {
			return nil, refused
		}
		return asked.Do(r.Context())
	})
	answer := Call{Status: http.StatusOK}
	if known, ok := errors.AsType[*wire.Error](err); ok {
		answer = Call{Status: known.HTTPStatus(), Code: known.QueryCode(), Message: known.Message}
	} else if err != nil {
		answer = Call{Code: NoAnswer}
	}
	s.answered(call, answer)
	wire.Write(w, r, asked.Protocol, call.Action, requestID, result, err)
}
