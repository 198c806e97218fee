package reply

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/restjson"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxAnswer is how many bytes of an answer are read: many times what any has.
const maxAnswer = 1 << 20

// operation is one call in the AWS JSON protocol. Its methods are the steps of the SDK's middleware
// that depend on the service: once it is written, each attempt signs it, sends it and reads the
// answer.
type operation struct {
	service     service
	name        string
	at          *url.URL
	body        []byte
	out         any // where the answer goes
	region      string
	credentials aws.CredentialsProvider
}

func (o *operation) write(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (middleware.SerializeOutput, middleware.Metadata, error) {
	request := in.Request.(*smithyhttp.Request)
	request.Method, request.URL = http.MethodPost, o.at
	request.Header.Set("Content-Type", "application/x-amz-json-"+o.service.version)
	request.Header.Set("X-Amz-Target", o.service.target+o.name)
	request, err := request.SetStream(bytes.NewReader(o.body))
	if err != nil {
		return middleware.SerializeOutput{}, middleware.Metadata{}, err
	}
	in.Request = request
	return next.HandleSerialize(ctx, in)
}

func (o *operation) sign(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	credentials, err := o.credentials.Retrieve(ctx)
	if err != nil {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, fmt.Errorf("getting credentials: %w", err)
	}
	hash := sha256.Sum256(o.body)
	request := in.Request.(*smithyhttp.Request).Request
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(hash[:]), o.service.name, o.region, time.Now()); err != nil {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, fmt.Errorf("signing: %w", err)
	}
	return next.HandleFinalize(ctx, in)
}

func (o *operation) read(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if err != nil {
		return out, metadata, err
	}
	answer := out.RawResponse.(*smithyhttp.Response)
	defer smithyhttp.CloseResponseBody(ctx, answer, false, nil)
	text := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer))
	if answer.StatusCode < 200 || answer.StatusCode >= 300 {
		return out, metadata, refusal(answer, text)
	}
	if err := text.Decode(o.out); err != nil && !errors.Is(err, io.EOF) { // an empty answer is one
		return out, metadata, fmt.Errorf("reading the answer: %w", err)
	}
	return out, metadata, nil
}

// refusal is the error that a service answered with.
func refusal(answer *smithyhttp.Response, text *json.Decoder) *smithy.GenericAPIError {
	code, message, _ := restjson.GetErrorInfo(text) // what has no JSON has no code
	if header := answer.Header.Get("X-Amzn-ErrorType"); header != "" {
		code = restjson.SanitizeErrorCode(header)
	}
	if code == "" {
		code, message = "UnknownError", answer.Status
	}
	return &smithy.GenericAPIError{Code: code, Message: message}
}
