package identity

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"sespolicy/shared/finding"
)

// form is the ARN of an identity
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonses.html).
const form = "arn:PARTITION:ses:REGION:ACCOUNT:identity/NAME"

// prefix begins the resource field of an identity's ARN.
const prefix = "identity/"

// IsARN reports whether text, or a pattern, is meant as an ARN.
func IsARN(text string) bool { return len(text) >= 4 && strings.EqualFold(text[:4], "arn:") }

// ARN returns the identity's ARN. It is meaningful only if the identity knows
// where it lives.
func (id Identity) ARN() string {
	return arn.ARN{
		Partition: id.Partition, Service: "ses", Region: id.Region, AccountID: id.Account, Resource: prefix + id.Name,
	}.String()
}

func parseARN(text string) (Identity, error) {
	quoted := finding.Quote(text)
	a, err := arn.Parse(text)
	name, isIdentity := strings.CutPrefix(a.Resource, prefix)
	switch {
	case err != nil:
		return Identity{}, fmt.Errorf("%s is no ARN of an identity, expected %s", quoted, form)
	case !isPartition(a.Partition):
		return Identity{}, fmt.Errorf("the ARN %s has the partition %s, expected aws, aws-cn, aws-us-gov or another that starts with aws", quoted, finding.Quote(a.Partition))
	case a.Service != "ses":
		return Identity{}, fmt.Errorf("the ARN %s is of the service %s, expected ses", quoted, finding.Quote(a.Service))
	case !isRegion(a.Region):
		return Identity{}, fmt.Errorf("the ARN %s has the Region %s, expected one like us-east-1", quoted, finding.Quote(a.Region))
	case !IsAccount(a.AccountID):
		return Identity{}, fmt.Errorf("the ARN %s has the account %s, expected 12 digits", quoted, finding.Quote(a.AccountID))
	case !isIdentity:
		return Identity{}, fmt.Errorf("the ARN %s names %s, expected identity/NAME", quoted, finding.Quote(a.Resource))
	}
	name, err = canonical(name)
	if err != nil {
		return Identity{}, fmt.Errorf("the identity in the ARN %s: %w", quoted, err)
	}
	return Identity{Name: name, Partition: a.Partition, Region: a.Region, Account: a.AccountID}, nil
}

// IsAccount reports whether text is an AWS account id: 12 digits.
func IsAccount(text string) bool { return len(text) == 12 && Only(text, Digits) }

// isPartition accepts aws and all names that start with it (aws-cn, aws-us-gov,
// aws-iso, aws-iso-b, aws-eusc, …): the list grows.
func isPartition(text string) bool { return strings.HasPrefix(text, "aws") && isRegion(text) }

func isRegion(text string) bool { return Only(text, LowerCase+Digits+"-") }

// Owner is whom a deployment works for: the partition, Region and account that
// its identities live in.
type Owner struct{ Partition, Region, Account string }

// ParseOwner reads the owner from the ARN of a queue (eventSourceARN of an SQS
// record), which is in the same partition, Region and account.
func ParseOwner(queueARN string) (Owner, error) {
	a, err := arn.Parse(queueARN)
	if err != nil || a.Service != "sqs" || a.Partition == "" || a.Region == "" || a.AccountID == "" {
		return Owner{}, fmt.Errorf("%s is not the ARN of a queue, expected arn:PARTITION:sqs:REGION:ACCOUNT:NAME", finding.Quote(queueARN))
	}
	return Owner{Partition: a.Partition, Region: a.Region, Account: a.AccountID}, nil
}

// Of returns the identity where its owner has it: a name gets the owner's
// partition, Region and account, an ARN keeps its own.
func (o Owner) Of(id Identity) Identity {
	if id.Partition == "" {
		id.Partition, id.Region, id.Account = o.Partition, o.Region, o.Account
	}
	return id
}

// In returns an error if the identity was given by an ARN of another partition,
// Region or account than the owner's.
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
