package policy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sespolicy/shared/document"
	"sespolicy/shared/policy"
)

// kilobyte is a policy of a kilobyte, as people write them.
var kilobyte = []byte(`{
  "Version": "2012-10-17",
  "Id": "Newsletter",
  "Statement": [
    {
      "Sid": "SendNewsletter",
      "Effect": "Allow",
      "Principal": {
        "AWS": [
          "arn:aws:iam::444455556666:role/Newsletter",
          "arn:aws:iam::444455556666:role/Bulk"
        ]
      },
      "Action": ["ses:SendEmail", "ses:SendRawEmail"],
      "Resource": "arn:aws:ses:us-east-1:123456789012:identity/example.com",
      "Condition": {
        "StringLike": {"ses:FromAddress": "newsletter*@example.com"},
        "DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00Z"}
      }
    },
    {
      "Sid": "DenyOutside",
      "Effect": "Deny",
      "Principal": "*",
      "Action": "ses:*",
      "Resource": "arn:aws:ses:us-east-1:123456789012:identity/example.com",
      "Condition": {
        "ForAnyValue:StringNotLike": {"ses:Recipients": ["*@example.com", "*@example.org"]}
      }
    }
  ]
}`)

// BenchmarkCheck reads and checks a policy of a kilobyte: at most three times
// what BenchmarkUnmarshal takes for the same text.
func BenchmarkCheck(b *testing.B) {
	b.SetBytes(int64(len(kilobyte)))
	b.ReportAllocs()
	for b.Loop() {
		doc, _ := document.Read(kilobyte)
		if _, findings := policy.Check(doc.Root(), example); findings != nil {
			b.Fatal(findings)
		}
	}
}

// BenchmarkUnmarshal is the measure for BenchmarkCheck.
func BenchmarkUnmarshal(b *testing.B) {
	b.SetBytes(int64(len(kilobyte)))
	b.ReportAllocs()
	for b.Loop() {
		var v any
		if err := json.Unmarshal(kilobyte, &v); err != nil {
			b.Fatal(err)
		}
	}
}

// hostile are texts made to cost much, of any size: their time has to grow with
// their size only.
var hostile = map[string]func(size int) []byte{
	"nesting":    func(size int) []byte { return bytes.Repeat([]byte("["), size) },
	"statements": func(size int) []byte { return fill(`{"Statement":[`, `{},`, `{}]}`, size) },
	"folded": func(size int) []byte {
		return fill(`{"Statement":[`, strings.Repeat("[", 60)+strings.Repeat("]", 60)+",", `1]}`, size)
	},
	"members":    func(size int) []byte { return fill(`{"Statement":{`, `"Comment":1,`, `"Sid":""}}`, size) },
	"principals": func(size int) []byte { return fill(`{"Statement":{"Principal":{"AWS":[`, `"",`, `""]}}}`, size) },
	"actions":    func(size int) []byte { return fill(`{"Statement":{"Action":[`, `"ses:*a*b*c*d*",`, `""]}}`, size) },
	"one action": func(size int) []byte { return fill(`{"Statement":{"Action":"ses:`, `*a`, `b"}}`, size) },
	"keys": func(size int) []byte {
		var b bytes.Buffer
		b.WriteString(`{"Statement":{"Condition":{"Bool":{"x":1`)
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, `,"aws:Key%d":1`, i)
		}
		b.WriteString(`}}}}`)
		return b.Bytes()
	},
}

func fill(head, part, tail string, size int) []byte {
	return []byte(head + strings.Repeat(part, size/len(part)) + tail)
}

// BenchmarkHostile shows the time for each size: the megabytes a second must
// not fall as the size grows.
func BenchmarkHostile(b *testing.B) {
	for name, text := range hostile {
		for _, size := range []int{1 << 10, 1 << 15, 1 << 20} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				t := text(size)
				b.SetBytes(int64(len(t)))
				for b.Loop() {
					if len(check(string(t), example)) == 0 {
						b.Fatal("nothing found")
					}
				}
			})
		}
	}
}
