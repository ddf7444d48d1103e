using System.Globalization;
using Mallgram.Kernel;
using Mallgram.Web.Admin.Sessions;
using Microsoft.AspNetCore.Localization;

namespace Mallgram.Web.Admin.Language;

/// <summary>The reader's language: the cookie of the switch, else <c>Accept-Language</c>, else English.</summary>
internal static class Words
{
    private const string CookieName = "mallgram_language";
    private static readonly string[] Languages = ["en", "fr"];

    public static string Current => CultureInfo.CurrentUICulture.TwoLetterISOLanguageName;

    public static string T(string english, string french) => new LocalText(english, french).In(Current);

    /// <summary>Names of the API's status words; a word not known here is shown as it is.</summary>
    public static string Status(string word) => word switch
    {
        "pending" => T("Pending", "En attente"),
        "paid" => T("Paid", "Payée"),
        "processing" => T("Processing", "En cours"),
        "shipped" => T("Shipped", "Expédiée"),
        "delivered" => T("Delivered", "Livrée"),
        "cancelled" => T("Cancelled", "Annulée"),
        "failed" => T("Failed", "Échec"),
        "partially_refunded" => T("Partly refunded", "Remb. partiel"),
        "refunded" => T("Refunded", "Remboursée"),
        "needs_review" => T("Needs review", "À vérifier"),
        "requires_action" => T("Waiting for customer", "Attend le client"),
        "succeeded" => T("Succeeded", "Réussi"),
        "expired" => T("Expired", "Expiré"),
        "requested" => T("Waiting to start", "En attente"),
        "running" => T("Running", "En cours"),
        "incomplete" => T("Incomplete", "Incomplet"),
        "paused_by_quota" => T("Paused by quota", "En pause (quota)"),
        "rolling_back" => T("Rolling back", "Retour en cours"),
        "rolled_back" => T("Rolled back", "Annulée après coup"),
        "queued" => T("Queued", "En file"),
        "validating" => T("Reading the file", "Lecture du fichier"),
        "completed_with_errors" => T("Done, with errors", "Terminé avec des erreurs"),
        "active" => T("On sale", "En vente"),
        "hidden" => T("Hidden", "Masqué"),
        "shown" => T("Shown", "Visible"),
        "held" => T("Held", "Réservé"),
        "committed" => T("Sold", "Vendu"),
        "healthy" => T("Healthy", "En bonne santé"),
        "degraded" => T("Degraded", "Dégradé"),
        "unhealthy" => T("Unhealthy", "En panne"),
        _ => Plain(word),
    };

    /// <summary>Suppliers and gateways by their own spelling.</summary>
    public static string Name(string code) => code switch
    {
        "aliexpress" => "AliExpress",
        "alibaba" => "Alibaba",
        "mtn_momo" => "MTN MoMo",
        "orange_money" => "Orange Money",
        "mpesa" => "M-Pesa",
        "payfast" => "PayFast",
        "paygate_za" => "PayGate",
        "paypal" => "PayPal",
        "mobile_money" => T("Mobile money", "Mobile money"),
        "card" => T("Card", "Carte"),
        "bank_transfer" => T("Bank transfer", "Virement"),
        "cash_on_delivery" => T("Cash on delivery", "Paiement à la livraison"),
        _ => Plain(code),
    };

    /// <summary>Why a synchronisation left an item out.</summary>
    public static string Reason(string code) => code switch
    {
        "no_price" => T("No price", "Sans prix"),
        "price_range" => T("A range instead of a price", "Une fourchette au lieu d'un prix"),
        "price_invalid" => T("Price cannot be read", "Prix illisible"),
        "price_absurd" => T("Price cannot be right", "Prix invraisemblable"),
        "no_rate" => T("No exchange rate for its currency", "Pas de taux pour sa devise"),
        "no_title" => T("No title", "Sans titre"),
        "no_variant" => T("Nothing that can be bought", "Rien qui puisse s'acheter"),
        "offline" => T("Off sale at the supplier", "Plus en vente chez le fournisseur"),
        "duplicate" => T("Listed twice", "En double"),
        "category_cycle" => T("Category inside itself", "Catégorie contenue dans elle-même"),
        "category_parent_unknown" => T("Parent category unknown", "Catégorie parente inconnue"),
        "supplier_down" => T("The supplier did not answer", "Le fournisseur n'a pas répondu"),
        "feed_shrunk" => T("Too few items in the feed; nothing was hidden", "Trop peu d'articles dans le flux ; rien n'a été masqué"),
        "excluded_category" => T("In an excluded supplier category", "Dans une catégorie fournisseur exclue"),
        "filtered_seller_rating" => T("Quality filter: seller's rating", "Filtre de qualité : note du vendeur"),
        "filtered_rating" => T("Quality filter: rating", "Filtre de qualité : note"),
        "filtered_reviews" => T("Quality filter: too few reviews", "Filtre de qualité : trop peu d'avis"),
        "filtered_stock" => T("Quality filter: too little stock", "Filtre de qualité : trop peu de stock"),
        "filtered_no_image" => T("Quality filter: no picture", "Filtre de qualité : sans image"),
        "filtered_price" => T("Quality filter: price", "Filtre de qualité : prix"),
        "filtered_banned_word" => T("Quality filter: banned word", "Filtre de qualité : mot interdit"),
        "filtered_banned_category" => T("Quality filter: banned category", "Filtre de qualité : catégorie interdite"),
        _ => Plain(code),
    };

    /// <summary>Why a price or stock changed, or who hid a product.</summary>
    public static string Cause(string word) => word switch
    {
        "supplier" => T("Supplier", "Fournisseur"),
        "rate" => T("Exchange rate", "Taux de change"),
        "rule" => T("Pricing rule", "Règle de prix"),
        "person" or "staff" => T("A person", "Une personne"),
        "rollback" => T("Rolled back", "Retour en arrière"),
        "order" => T("Order", "Commande"),
        "return" => T("Return", "Retour"),
        "filter" => T("Quality filter", "Filtre de qualité"),
        "cleanup" => T("Clean-up", "Nettoyage"),
        _ => Plain(word),
    };

    /// <summary><c>missing_price</c> → "Missing price".</summary>
    public static string Plain(string word)
    {
        var text = word.Replace('_', ' ').Replace('-', ' ').Trim();
        return text.Length == 0 ? text : char.ToUpper(text[0], CultureInfo.CurrentCulture) + text[1..];
    }

    public static string Number(long value) => value.ToString("N0", CultureInfo.CurrentCulture);

    public static string Duration(TimeSpan time) => time switch
    {
        { TotalSeconds: < 1 } => T("under 1 s", "moins de 1 s"),
        { TotalMinutes: < 1 } => $"{(int)time.TotalSeconds} s",
        { TotalHours: < 1 } => $"{time.Minutes} min {time.Seconds} s",
        _ => $"{(int)time.TotalHours} h {time.Minutes} min",
    };

    public static IServiceCollection AddLanguages(this IServiceCollection services) => services.AddRequestLocalization(options =>
    {
        options.SetDefaultCulture(Languages[0]).AddSupportedCultures(Languages).AddSupportedUICultures(Languages);
        options.RequestCultureProviders =
            [new CookieRequestCultureProvider { CookieName = CookieName }, new AcceptLanguageHeaderRequestCultureProvider()];
    });

    /// <summary>The switch: remembers the choice and goes back to the page it was made on.</summary>
    public static void MapLanguageSwitch(this IEndpointRouteBuilder app) =>
        app.MapGet("/language/{language}", Switch).AllowAnonymous();

    private static IResult Switch(string language, string? back, HttpContext context)
    {
        if (!Languages.Contains(language, StringComparer.Ordinal))
        {
            return Results.NotFound();
        }

        context.Response.Cookies.Append(
            CookieName, CookieRequestCultureProvider.MakeCookieValue(new RequestCulture(language)),
            new CookieOptions
            {
                HttpOnly = true,
                IsEssential = true,
                MaxAge = TimeSpan.FromDays(365),
                SameSite = SameSiteMode.Lax,
                Secure = context.Request.IsHttps,
            });
        return Results.LocalRedirect(back is not null && OwnAddress.Is(back) ? back : "/");
    }
}
