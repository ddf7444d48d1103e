using Microsoft.AspNetCore.Http;

namespace Mallgram.Catalog.Http;

/// <summary>An <see cref="Answer"/> as the result of an endpoint.</summary>
internal sealed class CachedJson(Answer answer) : IResult
{
    public CachedJson(byte[] json)
        : this(new Answer(json))
    {
    }

    public Task ExecuteAsync(HttpContext httpContext) => answer.SendAsync(httpContext);
}
