package email

import (
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/local/wire"
)

const (
	apiVersion = "2010-12-01"
	// maxPolicies is the documented quota of policies on one identity.
	maxPolicies = 20
	// maxNames is how many policies one GetIdentityPolicies can ask for.
	maxNames = 20
)

type getResult struct {
	Policies []entry `xml:"Policies>entry"`
}

type entry struct {
	Name string `xml:"key"`
	Text string `xml:"value"`
}

type listResult struct {
	Names []string `xml:"PolicyNames>member"`
}

// act does what a call asks for. All four actions are about one identity.
func (s *Server) act(form wire.Form) (any, error) {
	action, known := map[string]func(string, wire.Form) (any, error){
		"PutIdentityPolicy":    s.put,
		"DeleteIdentityPolicy": s.remove,
		"GetIdentityPolicies":  s.get,
		"ListIdentityPolicies": s.list,
	}[form.Get("Action")]
	if version := form.Get("Version"); !known || version != apiVersion {
		return nil, wire.Errorf("InvalidAction", "Could not find operation %s for version %s", form.Get("Action"), version)
	}
	key, err := s.canonical(form.Get("Identity"))
	if err != nil {
		return nil, err
	}
	return action(key, form)
}

func (s *Server) put(key string, form wire.Form) (any, error) {
	name, text := form.Get("PolicyName"), form.Get("Policy")
	if err := checkName(name); err != nil {
		return nil, err
	}
	principals, err := judge(text)
	if err != nil {
		return nil, err
	}
	stored := jsontext.Value(text)
	if err := stored.Compact(); err != nil {
		return nil, invalidPolicy("Invalid policy: " + err.Error())
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(principals, func(principal string) bool { return s.unknown[principal] }) {
		return nil, invalidPolicy("invalid principal")
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
	return struct{}{}, nil
}

func (s *Server) remove(key string, form wire.Form) (any, error) {
	name := form.Get("PolicyName")
	if err := checkName(name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.policies[key], name)
	return struct{}{}, nil
}

func (s *Server) get(key string, form wire.Form) (any, error) {
	names := form.List("PolicyNames.member", "")
	if len(names) > maxNames {
		return nil, violated("policyNames", "Member must have length less than or equal to 20")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var result getResult
	for _, each := range names {
		name := each.Get("")
		if text, ok := s.policies[key][name]; ok {
			result.Policies = append(result.Policies, entry{name, text})
		}
	}
	return result, nil
}

func (s *Server) list(key string, _ wire.Form) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return listResult{slices.Sorted(maps.Keys(s.policies[key]))}, nil
}
