package identity

import (
	"fmt"
	"strings"

	"sespolicy/shared/finding"
)

// form is how the ARN of an identity is written
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html).
const form = "arn:PARTITION:ses:REGION:ACCOUNT:identity/NAME"

// arn is the six fields of an ARN. Those that were not there are empty.
type arn struct{ partition, service, region, account, resource string }

// splitARN splits text at its first five colons; ok is false when it has fewer
// or does not start with arn.
func splitARN(text string) (a arn, ok bool) {
	parts := [6]string{}
	for i := range 5 {
		if parts[i], text, ok = strings.Cut(text, ":"); !ok {
			return arn{}, false
		}
	}
	return arn{parts[1], parts[2], parts[3], parts[4], text}, parts[0] == "arn"
}

func parseARN(text string) (Identity, error) {
	a, ok := splitARN(text)
	quoted := finding.Quote(text)
	name, isIdentity := strings.CutPrefix(a.resource, "identity/")
	switch {
	case !ok:
		return Identity{}, fmt.Errorf("%s is no ARN of an identity, %s was expected", quoted, form)
	case !isPartition(a.partition):
		return Identity{}, fmt.Errorf("the ARN %s has the partition %s, aws, aws-cn, aws-us-gov or another that starts with aws was expected", quoted, finding.Quote(a.partition))
	case a.service != "ses":
		return Identity{}, fmt.Errorf("the ARN %s is of the service %s, ses was expected", quoted, finding.Quote(a.service))
	case !isRegion(a.region):
		return Identity{}, fmt.Errorf("the ARN %s has the Region %s, one like us-east-1 was expected", quoted, finding.Quote(a.region))
	case !IsAccount(a.account):
		return Identity{}, fmt.Errorf("the ARN %s has the account %s, 12 digits were expected", quoted, finding.Quote(a.account))
	case !isIdentity:
		return Identity{}, fmt.Errorf("the ARN %s names %s, identity/NAME was expected", quoted, finding.Quote(a.resource))
	}
	name, err := canonical(name)
	if err != nil {
		return Identity{}, fmt.Errorf("the identity in the ARN %s: %w", quoted, err)
	}
	return Identity{Name: name, Partition: a.partition, Region: a.region, Account: a.account}, nil
}

// IsAccount reports whether text is an AWS account id: 12 digits.
func IsAccount(text string) bool {
	if len(text) != 12 {
		return false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

// isPartition takes aws and all that starts with it (aws-cn, aws-us-gov,
// aws-iso, aws-iso-b, aws-eusc, …): the list grows.
func isPartition(text string) bool { return strings.HasPrefix(text, "aws") && isLower(text) }

func isRegion(text string) bool { return text != "" && isLower(text) }

func isLower(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// Owner is who a deployment works for: the partition, Region and account that
// its identities live in.
type Owner struct{ Partition, Region, Account string }

// ParseOwner reads the owner from the ARN of a queue (eventSourceARN of an SQS
// record), which lives in the same partition, Region and account.
func ParseOwner(queueARN string) (Owner, error) {
	a, ok := splitARN(queueARN)
	if !ok || a.service != "sqs" || a.partition == "" || a.region == "" || a.account == "" {
		return Owner{}, fmt.Errorf("%s is no ARN of a queue, arn:PARTITION:sqs:REGION:ACCOUNT:NAME was expected", finding.Quote(queueARN))
	}
	return Owner{Partition: a.partition, Region: a.region, Account: a.account}, nil
}

// Of is the identity where its owner has it: a name gets the owner's partition,
// Region and account, an ARN keeps its own.
func (o Owner) Of(id Identity) Identity {
	if id.Partition == "" {
		id.Partition, id.Region, id.Account = o.Partition, o.Region, o.Account
	}
	return id
}

// In reports, as an error, that the identity was given by an ARN of another
// partition, Region or account than owner's.
func (id Identity) In(owner Owner) error {
	for _, part := range []struct{ what, got, want string }{
		{"partition", id.Partition, owner.Partition},
		{"Region", id.Region, owner.Region},
		{"account", id.Account, owner.Account},
	} {
		if id.Partition != "" && part.got != part.want {
			return fmt.Errorf("%s is in the %s %s, this deployment serves %s only", finding.Quote(id.ARN()), part.what, finding.Quote(part.got), part.want)
		}
	}
	return nil
}
