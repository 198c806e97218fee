package email

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	apiVersion = "2010-12-01"
	// maxPolicies is the documented quota of policies on one identity.
	maxPolicies = 20
	// maxNames is how many policies one GetIdentityPolicies can ask for.
	maxNames = 20
)

// act does what a call asks for.
func (s *Server) act(form url.Values) (any, *refusal) {
	if version := form.Get("Version"); version != apiVersion {
		return nil, &refusal{http.StatusBadRequest, "InvalidAction",
			"Could not find operation " + form.Get("Action") + " for version " + version}
	}
	actions := map[string]func(url.Values) (any, *refusal){
		"PutIdentityPolicy":    s.put,
		"DeleteIdentityPolicy": s.remove,
		"GetIdentityPolicies":  s.get,
		"ListIdentityPolicies": s.list,
	}
	action, known := actions[form.Get("Action")]
	if !known {
		return nil, &refusal{http.StatusBadRequest, "InvalidAction",
			"Could not find operation " + form.Get("Action") + " for version " + apiVersion}
	}
	return action(form)
}

func (s *Server) put(form url.Values) (any, *refusal) {
	key, refused := s.canonical(form.Get("Identity"))
	if refused != nil {
		return nil, refused
	}
	name, text := form.Get("PolicyName"), form.Get("Policy")
	if refused := checkName(name); refused != nil {
		return nil, refused
	}
	principals, refused := judge(text)
	if refused != nil {
		return nil, refused
	}
	stored := jsontext.Value(text)
	if err := stored.Compact(); err != nil {
		return nil, invalidPolicy("Invalid policy: " + err.Error())
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	for _, principal := range principals {
		if s.unknown[principal] {
			return nil, invalidPolicy("invalid principal")
		}
	}
	policies := s.policies[key]
	if _, replaces := policies[name]; !replaces && len(policies) == maxPolicies {
		return nil, invalidParameter("Number of policies for " + form.Get("Identity") +
			" exceeds max allowed number of policies per resource")
	}
	if policies == nil {
		policies = map[string]string{}
		s.policies[key] = policies
	}
	policies[name] = string(stored)
	return putResult{}, nil
}

func (s *Server) remove(form url.Values) (any, *refusal) {
	key, refused := s.canonical(form.Get("Identity"))
	if refused != nil {
		return nil, refused
	}
	if refused := checkName(form.Get("PolicyName")); refused != nil {
		return nil, refused
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.policies[key], form.Get("PolicyName"))
	if len(s.policies[key]) == 0 {
		delete(s.policies, key)
	}
	return deleteResult{}, nil
}

func (s *Server) get(form url.Values) (any, *refusal) {
	key, refused := s.canonical(form.Get("Identity"))
	if refused != nil {
		return nil, refused
	}
	names := members(form, "PolicyNames")
	if len(names) > maxNames {
		return nil, violated("policyNames", "Member must have length less than or equal to 20")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var result getResult
	for _, name := range names {
		if text, ok := s.policies[key][name]; ok {
			result.Policies = append(result.Policies, entry{Name: name, Text: text})
		}
	}
	return result, nil
}

func (s *Server) list(form url.Values) (any, *refusal) {
	key, refused := s.canonical(form.Get("Identity"))
	if refused != nil {
		return nil, refused
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return listResult{Names: slices.Sorted(maps.Keys(s.policies[key]))}, nil
}

// members reads a list of the Query protocol: Name.member.1, Name.member.2, ...
func members(form url.Values, name string) []string {
	var list []string
	for i := 1; form.Has(name + ".member." + strconv.Itoa(i)); i++ {
		list = append(list, form.Get(name+".member."+strconv.Itoa(i)))
	}
	return list
}
