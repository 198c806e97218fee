package meaning_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"

	"sespolicy/shared/account/meaning"
)

const base = `{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":{"AWS":["111122223333","arn:aws:iam::444455556666:role/r"]},` +
	`"Action":["ses:SendEmail","ses:SendRawEmail"],"Resource":"arn:aws:ses:us-east-1:123456789012:identity/example.com",` +
	`"Condition":{"StringLike":{"ses:FromAddress":["a@example.com","b@example.com"]},"Bool":{"aws:SecureTransport":"true"}}},` +
	`{"Sid":"b","Effect":"Deny","Principal":"*","Action":"ses:SendEmail","Resource":"*"}]}`

func TestEqual(t *testing.T) {
	replace := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(base) }
	for reason, test := range map[string]struct {
		other string
		want  bool
	}{
		"the same":                        {base, true},
		"white space":                     {strings.ReplaceAll(base, ",", " ,\n\t"), true},
		"an account and its root ARN":     {replace(`"111122223333"`, `"arn:aws:iam::111122223333:root"`), true},
		"a root ARN of another partition": {replace(`"111122223333"`, `"arn:aws-cn:iam::111122223333:root"`), false},
		"another account":                 {replace(`"111122223333"`, `"111122223334"`), false},
		"the order of principals":         {replace(`"111122223333","arn:aws:iam::444455556666:role/r"`, `"arn:aws:iam::444455556666:role/r","111122223333"`), true},
		"a principal less":                {replace(`"111122223333",`, ``), false},
		"the order of actions":            {replace(`"ses:SendEmail","ses:SendRawEmail"`, `"ses:SendRawEmail","ses:SendEmail"`), true},
		"the case of actions":             {replace(`"ses:SendRawEmail"`, `"SES:sendrawemail"`), true},
		"an action twice":                 {replace(`"ses:SendRawEmail"]`, `"ses:SendRawEmail","ses:sendemail"]`), true},
		"a list of one element":           {replace(`"Action":"ses:SendEmail"`, `"Action":["ses:SendEmail"]`, `"Resource":"*"`, `"Resource":["*"]`), true},
		"everybody in the other way":      {replace(`"Principal":"*"`, `"Principal":{"AWS":["*"]}`), true},
		"everybody as a service":          {replace(`"Principal":"*"`, `"Principal":{"Service":"*"}`), false},
		"the case of a resource":          {replace(`identity/example.com`, `identity/Example.com`), false},
		"the case of a role":              {replace(`role/r`, `role/R`), false},
		"the case of a condition value":   {replace(`a@example.com`, `A@example.com`), false},
		"the order of condition values":   {replace(`["a@example.com","b@example.com"]`, `["b@example.com","a@example.com"]`), true},
		"a boolean":                       {replace(`"aws:SecureTransport":"true"`, `"aws:SecureTransport":[true]`), true},
		"another boolean":                 {replace(`"aws:SecureTransport":"true"`, `"aws:SecureTransport":false`), false},
		"the effect":                      {replace(`"Deny"`, `"Allow"`), false},
		"the Sid":                         {replace(`"Sid":"b"`, `"Sid":"c"`), false},
		"no Sid":                          {replace(`"Sid":"b",`, ``), false},
		"the Version":                     {replace(`2012-10-17`, `2008-10-17`), false},
		"an Id":                           {replace(`"Version"`, `"Id":"x","Version"`), false},
		"NotAction":                       {replace(`"Action":"ses:SendEmail"`, `"NotAction":"ses:SendEmail"`), false},
		"not JSON":                        {base[1:], false},
		"a member twice":                  {replace(`"Sid":"b"`, `"Sid":"b","Sid":"b"`), false},
		"the order of members":            {reorder(t, base), true},
	} {
		t.Run(reason, func(t *testing.T) {
			if got := meaning.Equal(base, test.other, "aws"); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if back := meaning.Equal(test.other, base, "aws"); back != test.want {
				t.Errorf("the other way round: got %v, want %v", back, test.want)
			}
			if pretty := meaning.Pretty(test.other); test.want && (!meaning.Equal(pretty, base, "aws") || meaning.Pretty(pretty) != pretty) {
				t.Errorf("pretty is not stable or means something else:\n%s", pretty)
			}
		})
	}
}

// reorder sorts the members of all objects by name and reverses the statements.
func reorder(t *testing.T, text string) string {
	t.Helper()
	var value map[string]any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	list := value["Statement"].([]any)
	list[0], list[1] = list[1], list[0]
	sorted, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(sorted)
}

func TestDiffNamesWhatChanged(t *testing.T) {
	after := strings.Replace(base, `"Sid":"b"`, `"Sid":"c"`, 1)
	got := meaning.Diff("before", base, "after", after)
	if !strings.Contains(got, `-      "Sid": "b"`) || !strings.Contains(got, `+      "Sid": "c"`) || strings.Contains(got, `-      "Sid": "a"`) {
		t.Errorf("got\n%s", got)
	}
	if got := meaning.Diff("before", base, "after", strings.ReplaceAll(base, ",", ", ")); got != "" {
		t.Errorf("white space: got\n%s", got)
	}
}

// FuzzEqual compares two random policies, mostly alike, with a normal form built
// in another way: the set of all facts that a policy states, from
// encoding/json's values.
func FuzzEqual(f *testing.F) {
	for seed := range uint64(500) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 1))
		a := randomPolicy(random)
		b := mutate(random, a)
		first, err1 := meaning.Of(a, "aws")
		second, err2 := meaning.Of(b, "aws")
		if err1 != nil || err2 != nil {
			t.Fatalf("%v, %v\n%s\n%s", err1, err2, a, b)
		}
		if got, want := first == second, facts(t, a) == facts(t, b); got != want {
			t.Fatalf("got %v, want %v\n%s\n%s", got, want, a, b)
		}
		if pretty := meaning.Pretty(a); !meaning.Equal(a, pretty, "aws") {
			t.Fatalf("pretty means something else:\n%s\n%s", a, pretty)
		}
	})
}

func pick(random *rand.Rand, from ...any) any { return from[random.IntN(len(from))] }

// some is one value or a list of up to three.
func some(random *rand.Rand, from ...any) any {
	if random.IntN(2) == 0 {
		return pick(random, from...)
	}
	list := []any{}
	for range random.IntN(3) + 1 {
		list = append(list, pick(random, from...))
	}
	return list
}

func randomPolicy(random *rand.Rand) string {
	policy := map[string]any{"Statement": randomStatement(random)}
	if random.IntN(2) == 0 {
		policy["Statement"] = []any{randomStatement(random), randomStatement(random)}
	}
	if random.IntN(2) == 0 {
		policy[pick(random, "Version", "Id").(string)] = "2012-10-17"
	}
	return raw(policy)
}

func randomStatement(random *rand.Rand) any {
	accounts := []any{"111122223333", "arn:aws:iam::111122223333:root", "arn:aws-cn:iam::111122223333:root", "*", "x"}
	s := map[string]any{
		"Effect": pick(random, "Allow", "Deny", "ALLOW"),
		"Action": some(random, "ses:SendEmail", "SES:sendemail", "ses:SendRawEmail", "*", 1),
		pick(random, "Resource", "NotResource").(string): some(random, "*", "arn:a", "arn:A"),
		"Principal": pick(random, "*", map[string]any{"AWS": some(random, accounts...)}, map[string]any{"Service": some(random, accounts...)}, some(random, accounts...)),
	}
	if random.IntN(2) == 0 {
		s["Condition"] = map[string]any{pick(random, "Bool", "StringEquals").(string): map[string]any{pick(random, "k", "K").(string): some(random, true, "true", "True", 1, "1", nil)}}
	}
	if random.IntN(3) == 0 {
		s["Sid"] = pick(random, "a", "b", "")
	}
	return s
}

// mutate changes the text in a way that may or may not change its meaning.
func mutate(random *rand.Rand, text string) string {
	for range random.IntN(3) {
		pairs := [][2]string{{`"111122223333"`, `"arn:aws:iam::111122223333:root"`}, {`"arn:aws:iam::111122223333:root"`, `"111122223333"`}, {`"*"`, `["*"]`},
			{`"Principal":"*"`, `"Principal":{"AWS":"*"}`}, {"sendemail", "SendEmail"}, {`true`, `"true"`}, {`"1"`, `1`}, {`"a"`, `"b"`}, {`arn:a"`, `arn:A"`},
			{`,`, ` , `}, {`["ses:SendEmail","ses:SendRawEmail"]`, `["ses:SendRawEmail","ses:SendEmail","SES:SENDEMAIL"]`}, {"aws-cn", "aws"}}
		pair := pairs[random.IntN(len(pairs))]
		if changed := strings.Replace(text, pair[0], pair[1], 1); json.Valid([]byte(changed)) {
			text = changed
		}
	}
	return text
}

// facts lists every statement's facts, one a line, sorted.
func facts(t *testing.T, text string) string {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var policy map[string]any
	if err := decoder.Decode(&policy); err != nil {
		t.Fatal(err)
	}
	lines := map[string]bool{}
	for name, value := range policy {
		if name != "Statement" {
			lines[fmt.Sprintf("%q=%s", name, raw(value))] = true
			continue
		}
		lines["statements"] = true
		for _, statement := range many(value) {
			lines["statement "+statementFacts(statement)] = true
		}
	}
	return joined(lines)
}

func statementFacts(value any) string {
	members, ok := value.(map[string]any)
	if !ok {
		return raw(value)
	}
	lines := map[string]bool{"object": true}
	for name, member := range members {
		lines["has "+raw(name)] = true
		switch strings.TrimPrefix(name, "Not") {
		case "Action":
			for _, v := range many(member) {
				if s, ok := v.(string); ok {
					v = strings.ToLower(s)
				}
				lines[raw(name)+raw(v)] = true
			}
		case "Resource":
			for _, v := range many(member) {
				lines[raw(name)+raw(v)] = true
			}
		case "Principal":
			principalFacts(lines, raw(name), member)
		case "Condition":
			if name == "Condition" {
				conditionFacts(lines, member)
				continue
			}
			lines[raw(name)+raw(member)] = true
		default:
			lines[raw(name)+raw(member)] = true
		}
	}
	return joined(lines)
}

func principalFacts(lines map[string]bool, name string, member any) {
	if member == "*" {
		member = map[string]any{"AWS": "*"}
	}
	kinds, ok := member.(map[string]any)
	if !ok {
		lines[name+"value "+raw(member)] = true
		return
	}
	lines[name+"object"] = true
	for kind, values := range kinds {
		lines[name+"kind "+raw(kind)] = true
		for _, v := range many(values) {
			text := raw(v)
			if kind == "AWS" && len(text) == 14 && strings.Trim(text, `"0123456789`) == "" && strings.Count(text, `"`) == 2 {
				text = raw("arn:aws:iam::" + strings.Trim(text, `"`) + ":root")
			}
			lines[name+raw(kind)+text] = true
		}
	}
}

func conditionFacts(lines map[string]bool, member any) {
	operators, ok := member.(map[string]any)
	if !ok {
		lines["condition "+raw(member)] = true
		return
	}
	lines["condition object"] = true
	for operator, keys := range operators {
		inner, ok := keys.(map[string]any)
		if !ok {
			lines["operator value "+raw(operator)+raw(keys)] = true
			continue
		}
		lines["operator "+raw(operator)] = true
		for key, values := range inner {
			lines["key "+raw(operator)+raw(key)] = true
			for _, v := range many(values) {
				switch v.(type) {
				case json.Number, bool:
					v = fmt.Sprint(v)
				}
				lines["value "+raw(operator)+raw(key)+raw(v)] = true
			}
		}
	}
}

func many(value any) []any {
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{value}
}

func raw(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func joined(lines map[string]bool) string {
	var sorted []string
	for line := range lines {
		sorted = append(sorted, raw(line))
	}
	sort.Strings(sorted)
	return strings.Join(sorted, "\n")
}
