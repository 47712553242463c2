// go-openai: chat, a stream, structured output, a tool, embeddings.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	openai "github.com/sashabaranov/go-openai"
)

var failed = false

func check(name string, run func() error) {
	if err := run(); err != nil {
		failed = true
		fmt.Printf("FAIL %s: %v\n", name, err)
		return
	}
	fmt.Printf("ok %s\n", name)
}

var hello = []openai.ChatCompletionMessage{{Role: "user", Content: "Once upon a time"}}

func ask(more func(*openai.ChatCompletionRequest)) openai.ChatCompletionRequest {
	request := openai.ChatCompletionRequest{Model: "m", Messages: hello, MaxTokens: 8, Seed: new(int)}
	if more != nil {
		more(&request)
	}
	return request
}

var schema = json.RawMessage(`{"type":"object","properties":{"a":{"enum":[1,2]}},"required":["a"],"additionalProperties":false}`)

func valid(text string) error {
	var got struct{ A float64 }
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		return err
	}
	if got.A != 1 && got.A != 2 {
		return fmt.Errorf("not of the schema: %s", text)
	}
	return nil
}

func main() {
	config := openai.DefaultConfig(os.Getenv("OPENAI_API_KEY"))
	config.BaseURL = os.Getenv("OPENAI_BASE_URL")
	client := openai.NewClientWithConfig(config)
	background := context.Background()
	text := ""
	check("chat", func() error {
		answer, err := client.CreateChatCompletion(background, ask(nil))
		if err == nil {
			text = answer.Choices[0].Message.Content
		}
		return err
	})
	check("stream", func() error {
		stream, err := client.CreateChatCompletionStream(background, ask(nil))
		if err != nil {
			return err
		}
		defer stream.Close()
		got := ""
		for {
			chunk, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			if len(chunk.Choices) > 0 {
				got += chunk.Choices[0].Delta.Content
			}
		}
		if got != text {
			return fmt.Errorf("%q is not %q", got, text)
		}
		return nil
	})
	check("structured", func() error {
		answer, err := client.CreateChatCompletion(background, ask(func(r *openai.ChatCompletionRequest) {
			r.MaxTokens = 60
			r.ResponseFormat = &openai.ChatCompletionResponseFormat{
				Type:       openai.ChatCompletionResponseFormatTypeJSONSchema,
				JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{Name: "x", Schema: schema, Strict: true}}
		}))
		if err != nil {
			return err
		}
		return valid(answer.Choices[0].Message.Content)
	})
	check("tool", func() error {
		answer, err := client.CreateChatCompletion(background, ask(func(r *openai.ChatCompletionRequest) {
			r.MaxTokens = 200
			r.Tools = []openai.Tool{{Type: "function", Function: &openai.FunctionDefinition{Name: "add", Parameters: schema}}}
			r.ToolChoice = "required"
		}))
		if err != nil {
			return err
		}
		if len(answer.Choices[0].Message.ToolCalls) == 0 {
			return errors.New("no call")
		}
		return valid(answer.Choices[0].Message.ToolCalls[0].Function.Arguments)
	})
	check("embeddings", func() error {
		answer, err := client.CreateEmbeddings(background, openai.EmbeddingRequest{Model: "enc", Input: []string{"Hello"}})
		if err == nil && len(answer.Data[0].Embedding) != 32 {
			return fmt.Errorf("%d numbers", len(answer.Data[0].Embedding))
		}
		return err
	})
	if failed {
		os.Exit(1)
	}
}
