package wire

// Where everything is: one account in one Region.
const (
	Account = "123456789012"
	Region  = "us-east-1"
)

// ARN names a resource of a service, such as "sqs" and the name of a queue.
func ARN(service, resource string) string {
	return "arn:aws:" + service + ":" + Region + ":" + Account + ":" + resource
}
