using Mallgram.Web.Admin.Language;

namespace Mallgram.Web.Admin.Sessions;

/// <summary>Says on the next page what the last form did. The cookie holds a word of the list below, never text.</summary>
internal static class Flash
{
    public const string RunRequested = "run-requested";
    public const string CancelRequested = "cancel-requested";
    private const string Cookie = "mallgram_did";

    public static void Say(HttpContext context, string word) => context.Response.Cookies.Append(
        Cookie, word, new CookieOptions
        {
            HttpOnly = true,
            IsEssential = true,
            MaxAge = TimeSpan.FromSeconds(30),
            SameSite = SameSiteMode.Lax,
            Secure = context.Request.IsHttps,
        });

    /// <returns>What to show, once; null when there is nothing.</returns>
    public static string? Take(HttpContext context)
    {
        var text = context.Request.Cookies[Cookie] switch
        {
            RunRequested => Words.T(
                "The job was asked to run. A worker picks it up within a second or two.",
                "L'exécution est demandée. Un worker s'en charge dans une seconde ou deux."),
            CancelRequested => Words.T(
                "The run was asked to stop. It ends within seconds.",
                "L'arrêt est demandé. L'exécution s'arrête dans quelques secondes."),
            _ => null,
        };
        if (text is not null && !context.Response.HasStarted)
        {
            context.Response.Cookies.Delete(Cookie);
        }

        return text;
    }
}
