using System.Text.Encodings.Web;
using System.Text.Json;

namespace Mallgram.Sandbox.Control;

/// <summary>JSON of the sandbox's own surfaces (controls, mailbox): snake_case, text readable as it is.</summary>
internal static class SandboxJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerOptions.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static IResult Ok(object body) => Results.Json(body, Options);

    public static IResult Refused(string error, int status = StatusCodes.Status400BadRequest) =>
        Results.Json(new { Error = error }, Options, statusCode: status);
}
