using Mallgram.Kernel;
using Microsoft.OpenApi;

namespace Mallgram.Api.OpenApi;

/// <summary>The contract as OpenAPI at <c>/openapi/v1.json</c> and as a page at <c>/docs</c>.</summary>
internal static class OpenApiSetup
{
    public static IServiceCollection AddMallgramOpenApi(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Mallgram API",
                Version = "v1",
                Description = "Commerce for Africa. X-Store picks the store; Idempotency-Key is required where orders and payments are created.",
            };
            // Addresses differ by installation, and a snapshot of the document must not.
            document.Servers = [];
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            if (context.JsonTypeInfo.Type == typeof(Money) || context.JsonTypeInfo.Type == typeof(Money?))
            {
                schema.Type = JsonSchemaType.Object;
                schema.Description = "Minor units of an ISO 4217 currency; XAF and XOF have none.";
                schema.Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
                {
                    ["amount"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64" },
                    ["currency"] = new OpenApiSchema { Type = JsonSchemaType.String },
                    ["formatted"] = new OpenApiSchema { Type = JsonSchemaType.String },
                };
                schema.Required = new HashSet<string>(StringComparer.Ordinal) { "amount", "currency", "formatted" };
            }

            return Task.CompletedTask;
        });
    });

    public static void MapMallgramOpenApi(this WebApplication app)
    {
        app.MapOpenApi("/openapi/{documentName}.json");
        app.UseSwaggerUI(o =>
        {
            o.RoutePrefix = "docs";
            o.DocumentTitle = "Mallgram API";
            o.SwaggerEndpoint("/openapi/v1.json", "Mallgram API v1");
        });
    }
}
