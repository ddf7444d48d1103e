using System.Net.Http.Headers;
using Mallgram.Web.Admin.Sessions;
using Microsoft.AspNetCore.Authentication;

namespace Mallgram.Web.Admin.Api;

/// <summary>
/// Puts the signed-in person's access token and store on calls; calls that name a store themselves go out as they are. Calls of the platform
/// carry the administrator's token and no store. All say which browser they are made for: sessions, limits and the audit log keep that.
/// </summary>
internal sealed class ApiSessionHeaders(IHttpContextAccessor accessor) : DelegatingHandler
{
    public const string Store = "X-Store";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var context = accessor.HttpContext ?? throw new InvalidOperationException("Calls for a person are made within their request.");
        if (PlatformSession.IsCall(request.RequestUri!))
        {
            if (!PlatformSession.IsSignIn(request.RequestUri!))
            {
                var token = await context.GetTokenAsync(PlatformSession.Scheme, SessionTicket.AccessToken) ?? throw new SessionEndedException();
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            }
        }
        else if (!request.Headers.Contains(Store))
        {
            if (await context.GetTokenAsync(SessionTicket.AccessToken) is not { } token
                || context.User.FindFirst(SessionTicket.StoreClaim) is not { } store)
            {
                throw new SessionEndedException();
            }

            request.Headers.Add(Store, store.Value);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (context.Connection.RemoteIpAddress is { } address)
        {
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", address.ToString());
        }

        request.Headers.TryAddWithoutValidation("User-Agent", context.Request.Headers.UserAgent.ToString());
        return await base.SendAsync(request, cancellationToken);
    }
}
