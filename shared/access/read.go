package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"sespolicy/shared/document"
	"sespolicy/shared/identity"
)

// Policies are the sending authorization policies of one identity, read.
type Policies struct {
	Identity   identity.Identity
	count      int // of policies
	statements []statement
}

// Read reads the policies of an identity, name to text. It fails if one of them
// is not JSON or has no form of a policy at all: what it says is then unknown,
// and an identity's other policies alone decide nothing. Anything else that SES
// would not accept puts the statement in doubt where it matters.
func Read(id identity.Identity, policies map[string]string) (*Policies, error) {
	p := &Policies{Identity: id, count: len(policies)}
	for _, name := range slices.Sorted(maps.Keys(policies)) {
		if err := p.read(name, policies[name]); err != nil {
			return nil, fmt.Errorf("policy %q of %s: %w", name, id, err)
		}
	}
	return p, nil
}

// Statement is where a statement stands.
type Statement struct {
	Identity   string `json:"identity"` // its name
	PolicyName string `json:"policyName"`
	Index      int    `json:"statement"` // from 0
	Sid        string `json:"sid"`       // empty where it has none
	Effect     string `json:"effect"`    // as written
	Path       string `json:"path"`      // JSON Pointer in the policy
	Line       int    `json:"line"`      // from 1
	Column     int    `json:"column"`    // from 1, in code points
}

// statement is a statement, read.
type statement struct {
	Statement
	allows, denies verdict // what its Effect is
	principals     principals
	actions        actions
	resources      resources
	conditions     []Condition
	variables      variables
	malformed      []string // why it is in doubt altogether
}

// match is whether the statement applies to the request, whatever its effect.
func (s *statement) match(q *question) verdict {
	v := s.principals.include(q)
	if v.truth != isFalse {
		v = v.and(s.actions.include(q))
	}
	if v.truth != isFalse {
		v = v.and(s.resources.include(q, s.variables))
	}
	for i := range s.conditions {
		if v.truth == isFalse {
			return no
		}
		v = v.and(s.conditions[i].holds(q, s.variables))
	}
	for _, why := range s.malformed {
		v = v.and(inDoubt(why))
	}
	return v
}

func (p *Policies) read(name, text string) error {
	doc, findings := document.ReadString(text)
	if doc == nil {
		return fmt.Errorf("line %d, column %d: %s", findings[0].Line, findings[0].Column, findings[0].Message)
	}
	root := doc.Root()
	list := root.Get("Statement")
	statements := slices.Collect(list.Elements())
	if list.IsObject() {
		statements = []document.Node{list}
	}
	if len(statements) == 0 {
		return fmt.Errorf("it has no Statement")
	}
	for i, n := range statements {
		s := p.readStatement(n)
		s.PolicyName, s.Index = name, i
		s.variables = variablesOf(root.Get("Version").Text())
		if len(findings) > 0 { // which of two members counts differs between readers
			s.malformed = append(s.malformed, "a policy with a member twice")
			s.allows, s.denies = s.malformedEffect()
			s.principals, s.conditions = principals{except: true}, nil
			s.actions, s.resources = actions{except: true}, resources{except: true}
		}
		s.resources = s.resources.settle(p.Identity)
		p.statements = append(p.statements, s)
	}
	return nil
}

func (p *Policies) readStatement(n document.Node) (s statement) {
	s.Identity = p.Identity.Name
	s.Path = n.Pointer()
	start, _ := n.Span()
	s.Line, s.Column = n.Document().Position(start)
	s.Sid, s.Effect = n.Get("Sid").Text(), n.Get("Effect").Text()
	s.allows, s.denies = s.readEffect()

	principal, except := s.either(n, "Principal", "NotPrincipal")
	s.principals = principals{s.entries(principal), except}
	action, except := s.either(n, "Action", "NotAction")
	s.actions = newActions(s.texts(action, "an action"), except)
	resource, except := s.either(n, "Resource", "NotResource")
	s.resources = resources{texts: s.texts(resource, "a resource"), except: except}
	if condition, found := n.Member("Condition"); found {
		s.conditions = s.readConditions(condition)
	}
	return s
}

// readEffect takes Allow and Deny in another case for one that may count: the
// grammar has it in this case only, and policies with ALLOW are in use.
func (s *statement) readEffect() (allows, denies verdict) {
	switch {
	case s.Effect == "Allow":
		return yes, no
	case s.Effect == "Deny":
		return no, yes
	case strings.EqualFold(s.Effect, "Allow"):
		return inDoubt("the Effect " + s.Effect + " in another case than Allow"), no
	case strings.EqualFold(s.Effect, "Deny"):
		return no, inDoubt("the Effect " + s.Effect + " in another case than Deny")
	default:
		return s.malformedEffect()
	}
}

func (s *statement) malformedEffect() (allows, denies verdict) {
	v := inDoubt("an Effect that is neither Allow nor Deny for certain")
	return v, v
}

// either is the element, or its counterpart that means the opposite.
func (s *statement) either(n document.Node, name, opposite string) (element document.Node, except bool) {
	element, found := n.Member(name)
	other, foundOther := n.Member(opposite)
	switch {
	case found && foundOther:
		s.malformed = append(s.malformed, "a statement with "+name+" and "+opposite)
		return document.Node{}, true // may be anything
	case found:
		return element, false
	case foundOther:
		return other, true
	default:
		s.malformed = append(s.malformed, "a statement without "+name)
		return document.Node{}, true
	}
}

// texts are the strings of an element: one, or a list.
func (s *statement) texts(n document.Node, what string) []string {
	var texts []string
	for _, value := range values(n) {
		switch value.Kind() {
		case jsontext.KindString:
		case jsontext.KindNumber, jsontext.KindTrue, jsontext.KindFalse:
			if what != conditionValue {
				s.malformed = append(s.malformed, what+" that is not a string")
			}
		default:
			s.malformed = append(s.malformed, what+" that is not a string")
			continue
		}
		texts = append(texts, value.Text())
	}
	if n.Exists() && len(texts) == 0 {
		s.malformed = append(s.malformed, what+" was expected, the list is empty")
	}
	return texts
}

// values are the elements of a list, or the one value.
func values(n document.Node) []document.Node {
	if n.IsArray() {
		return slices.Collect(n.Elements())
	}
	if !n.Exists() {
		return nil
	}
	return []document.Node{n}
}

func (s *statement) entries(n document.Node) (entries []entry) {
	if !n.IsObject() {
		for _, text := range s.texts(n, "a principal") {
			entries = append(entries, newEntry("", text))
		}
		return entries
	}
	for member, list := range n.Members() {
		name := member
		for _, known := range []string{"AWS", "Service", "Federated", "CanonicalUser"} {
			if strings.EqualFold(member, known) {
				name = known
			}
		}
		for _, text := range s.texts(list, "a principal") {
			e := newEntry(name, text)
			if name != member {
				e.doubt = "the kind of principal " + member + " in another case"
			}
			entries = append(entries, e)
		}
	}
	return entries
}

// conditionValue: unlike other elements, the values of a condition may be
// numbers and booleans.
const conditionValue = "a condition's value"

func (s *statement) readConditions(n document.Node) (conditions []Condition) {
	if !n.IsObject() {
		s.malformed = append(s.malformed, "a Condition that is not an object")
	}
	for name, keys := range n.Members() {
		o, known := parseOperator(name)
		if !keys.IsObject() {
			s.malformed = append(s.malformed, "a condition operator without condition keys")
		}
		for key, list := range keys.Members() {
			c := Condition{Operator: name, Key: key, operator: o, Values: s.texts(list, conditionValue)}
			if !known {
				c.malformed = "the condition operator " + name
			}
			conditions = append(conditions, c)
		}
	}
	return conditions
}
