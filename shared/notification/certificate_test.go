package notification_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"sespolicy/shared/notification"
)

// The client of production follows no redirect.
func TestNewClient(t *testing.T) {
	server := httptest.NewServer(http.RedirectHandler("/elsewhere", http.StatusFound))
	defer server.Close()
	request, err := http.NewRequest(http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := notification.NewClient().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusFound {
		t.Errorf("got %d", response.StatusCode)
	}
}
