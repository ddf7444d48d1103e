using System.Text;
using Microsoft.AspNetCore.Http;

namespace Mallgram.Kernel.Idempotency;

public static class IdempotentResults
{
    /// <summary>Sends a stored or fresh answer byte for byte.</summary>
    /// <param name="replayed">Adds <c>Idempotent-Replayed: true</c>.</param>
    /// <param name="location">Value of <c>Location</c> for 201, or null.</param>
    public static IResult ToResult(this StoredAnswer answer, bool replayed, string? location = null) => new JsonText(answer, replayed, location);

    private sealed class JsonText(StoredAnswer answer, bool replayed, string? location) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var response = httpContext.Response;
            response.StatusCode = answer.Status;
            response.ContentType = "application/json; charset=utf-8";
            if (replayed)
            {
                response.Headers["Idempotent-Replayed"] = "true";
            }

            if (location is not null)
            {
                response.Headers.Location = location;
            }

            await response.Body.WriteAsync(Encoding.UTF8.GetBytes(answer.Body), httpContext.RequestAborted);
        }
    }
}
