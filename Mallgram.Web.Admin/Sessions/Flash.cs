using Mallgram.Web.Admin.Language;

namespace Mallgram.Web.Admin.Sessions;

/// <summary>Says on the next page what the last form did. The cookie holds a word of the list below, never text.</summary>
internal static class Flash
{
    public const string RunRequested = "run-requested";
    public const string CancelRequested = "cancel-requested";
    public const string Saved = "saved";
    public const string Deleted = "deleted";
    public const string PricesFollow = "prices-follow";
    public const string ProductsFollow = "products-follow";
    public const string RetryRequested = "retry-requested";
    public const string RollbackStarted = "rollback-started";
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
            Saved => Words.T("Saved.", "Enregistré."),
            Deleted => Words.T("Deleted.", "Supprimé."),
            PricesFollow => Words.T("Saved. Prices follow within seconds.", "Enregistré. Les prix suivent dans quelques secondes."),
            ProductsFollow => Words.T("Saved. Products follow within moments.", "Enregistré. Les produits suivent dans quelques instants."),
            RetryRequested => Words.T(
                "The items whose details could not be read will be read again within moments.",
                "Les articles dont les détails n'ont pas pu être lus seront relus dans quelques instants."),
            RollbackStarted => Words.T(
                "What the run changed is being undone.", "Ce que l'exécution a changé est en cours d'annulation."),
            _ => null,
        };
        if (text is not null && !context.Response.HasStarted)
        {
            context.Response.Cookies.Delete(Cookie);
        }

        return text;
    }
}
