using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.OpenApi;

namespace Pipeline.Ingestion.Infrastructure.Http;

/// <summary>Examples and headers in the OpenAPI description of the publishing routes.</summary>
internal static class OpenApiExamples
{
    public const string Event = """
        {"UserId":"user-17","SessionId":"session-1","EventName":"AddedBasket","TimeStamp":"2026-01-31T10:15:30Z","Attributes":{"ProductId":"product-5","Price":19.99,"Discount":2.5}}
        """;

    public const string EventAnswer = """{"Topic":"UserEvents","Partition":1,"Offset":42}""";

    public const string Orders = """
        [{"SessionId":"session-1","TimeStamp":"2026-01-31T10:20:00Z","UserId":"user-17","TotalPrice":34.98,"OrderId":"order-1","Products":[{"ProductId":"product-5","ItemCount":2,"ItemPrice":19.99,"ItemDiscount":2.5}],"PaymentType":"CreditCard"}]
        """;

    public const string OrdersAnswer = """[{"Topic":"PurchasedItem","Partition":1,"Offset":7}]""";

    /// <summary>Adds the examples and the Idempotency-Key header to the route's description.</summary>
    public static TBuilder WithExamples<TBuilder>(this TBuilder endpoint, string request, string answer, string hiddenType)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.RequestBody?.Content?.Remove(hiddenType);
            foreach (var content in operation.RequestBody?.Content?.Values ?? [])
                content.Example = JsonNode.Parse(request);
            if (operation.Responses?.TryGetValue("202", out var accepted) == true)
            {
                foreach (var content in accepted.Content?.Values ?? [])
                    content.Example = JsonNode.Parse(answer);
            }

            (operation.Parameters ??= []).Add(new OpenApiParameter
            {
                Name = "Idempotency-Key",
                In = ParameterLocation.Header,
                Description = "The same key and body within 24 h return the first answer and append nothing; the same key with another body is refused with 409.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = 255 },
            });
            return Task.CompletedTask;
        });
}
