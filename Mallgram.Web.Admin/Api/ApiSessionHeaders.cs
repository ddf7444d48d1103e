using System.Net.Http.Headers;
using Mallgram.Web.Admin.Sessions;
using Microsoft.AspNetCore.Authentication;

namespace Mallgram.Web.Admin.Api;

/// <summary>Puts the signed-in person's access token and store on calls; calls that name a store themselves go out as they are.</summary>
internal sealed class ApiSessionHeaders(IHttpContextAccessor accessor) : DelegatingHandler
{
    public const string Store = "X-Store";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!request.Headers.Contains(Store))
        {
            var context = accessor.HttpContext ?? throw new InvalidOperationException("Calls for a person are made within their request.");
            if (await context.GetTokenAsync(SessionTicket.AccessToken) is not { } token
                || context.User.FindFirst(SessionTicket.StoreClaim) is not { } store)
            {
                throw new SessionEndedException();
            }

            request.Headers.Add(Store, store.Value);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return await base.SendAsync(request, cancellationToken);
    }
}
