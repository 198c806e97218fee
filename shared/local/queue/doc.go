// Package queue is Amazon SQS in memory, for running the whole pipeline on one
// machine and for tests in virtual time.
//
// It has two layers. The engine, [Server] and [Queue], is called in-process:
// by the event source mapping and by simulators. It uses package time and
// channels only, starts no goroutine that outlives the call it serves, and
// therefore runs inside a testing/synctest bubble with exact virtual time. On
// top of it, [Server.ServeHTTP] speaks AWS JSON 1.0 (X-Amz-Target:
// AmazonSQS.ACTION), the protocol of today's AWS CLI and SDKs.
//
// It follows the Amazon SQS API reference and developer guide:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/ and
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/.
// Where those leave a choice, it takes the one a consumer must be able to bear:
// an old receipt handle deletes nothing, a message that ran out of receives
// is moved, a message past its retention is gone.
//
// It does not check signatures or queue policies, does not encrypt, does not
// speak the old Query protocol, does not throttle, keeps nothing on disk, and
// ignores ReceiveRequestAttemptId. AddPermission and RemovePermission are
// answered with UnsupportedOperation.
package queue
