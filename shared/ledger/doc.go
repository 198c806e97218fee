// Package ledger records what was applied, for whom, and what became of each
// request, in one DynamoDB table. Nothing that the function promises depends on
// what one process remembers.
//
// The package decides and records. It does not call SES, send letters or
// answers, wait, or log; the function does that, in the order below.
//
// # Items
//
// The table has the string keys PK and SK and the TTL attribute ExpiresAt. Keys
// that contain requesters' text are SHA-256 digests. Every item has a Version,
// and every write is conditional on the versions that were read.
//
//	policy    the current record of one policy, a deletion's too; never expires
//	versions  at most 50 earlier records of it
//	request   what became of one request; expires 30 days after its last write
//	alias     another id of a request: a redriven letter's message id, the SNS
//	          MessageId, StackId and RequestId, the digest of a task token
//	resource  one resource of a stack: what it put or may have put, its latest
//	          Create that made nothing, Delete and rollback; expires once it has
//	          put nothing that is left
//
// # Protocol
//
// For one batch, with W marking a conditional write:
//
//	  Read       one consistent BatchGetItem; a second for what the first names
//	             (aliases, policies that a resource's record names)
//	  Decide     pure: Repeat, Finish, Apply, Look, AskExists, Wait or Unread
//	W Intend     the policy gets a lease until the invocation's deadline, the
//	             request its attempt, the resource what it may put
//	  SES        put or delete
//	W Settle     policy, earlier version, request, resource, aliases: one
//	             transaction. Without an effect: Record, or Withdraw for a retry
//	  letter     then W NoteLetter
//	  answer     then W NoteAnswer
//	  delete the message
//
// Intend is refused (ErrChanged) when anything it depends on has changed since
// the read; decide again. Settle is refused (ErrLost) when the lease ran out and
// another instance took it; the message must come again. A condition that
// failed because of one's own earlier write, whose answer was lost, is success:
// each write carries an id by which it is recognized.
//
// # Crash windows
//
//	before Intend             nothing has happened; decided again
//	Intend to SES             the attempt is recorded and in doubt; applied again,
//	                          or looked at if a newer request was settled
//	SES to Settle             the same: SES is called a second time with the same
//	                          change, or not at all if superseded and not seen
//	Settle to letter          Repeat says the letter is missing; SES is not called
//	letter to NoteLetter      the letter is sent a second time
//	answer to NoteAnswer      the answer is sent a second time, which is idempotent
//	NoteAnswer to deletion    Repeat says that nothing is missing
//
// # Attempts in doubt
//
// A call whose answer was lost may reach SES late, after another request was
// settled. The attempt stays with its request. When the message comes again and
// is not to be applied any more, the decision is Look: SES is asked, and only if
// it shows an attempt of this request in place of the current record, the
// current record is applied again. What an operator removed by hand stays
// removed.
//
// # Order
//
// Requests are ordered per policy by Order: when the queue took them (or a
// verified notification's signed time), then by message id. What was settled
// by a newer request supersedes older ones in whatever order they arrive. A
// redriven request is newer than it was, except a stack's: that one must not
// override what its stack has asked for since.
//
// # Authority
//
// A stack's policy belongs to its Owner: StackId, LogicalResourceId and the
// verified topic. An owner recorded without a topic matches any. Aliases made
// from what a requester claims include the content of the request, so that a
// forged id cannot make somebody else's request look done.
//
// # When the table is lost or restored to an earlier time
//
// Requests that still wait are decided with what the table has. A policy without
// a record is taken over by its stack's next Update, and removed by a Delete
// that has its physical id, if SES has it: what such a Delete does not find it
// does not record, so that it overtakes nobody's waiting request but its own
// resource's. A Delete from a resource that is not the recorded owner removes
// nothing. Requests that were applied after the restored time and are still on
// the queue are applied a second time; none is lost.
package ledger
