using System.Globalization;
using Mallgram.Web.Admin.Language;

namespace Mallgram.Web.Admin.Sessions;

/// <summary>Says on the next page what the last form did. The cookie holds a word of the list below and perhaps numbers, never text.</summary>
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
    public const string ItemsImported = "items-imported";
    public const string StockAdjusted = "stock-adjusted";
    public const string StockBelowReserved = "stock-below-reserved";
    public const string PriceUnlocked = "price-unlocked";
    public const string FieldUnlocked = "field-unlocked";
    public const string DomainVerified = "domain-verified";
    public const string PasswordChanged = "password-changed";
    public const string CodeSent = "code-sent";
    public const string AddressVerified = "address-verified";
    public const string FactorRemoved = "factor-removed";
    public const string SessionsEnded = "sessions-ended";
    public const string Invited = "invited";
    public const string InvitationWithdrawn = "invitation-withdrawn";
    public const string StaffRemoved = "staff-removed";
    public const string KeyRevoked = "key-revoked";
    public const string Disabled = "disabled";
    public const string Enabled = "enabled";
    public const string Erased = "erased";
    public const string Suspended = "suspended";
    public const string Resumed = "resumed";
    public const string StoreCreated = "store-created";
    public const string StoreClosing = "store-closing";
    private const string Bulk = "bulk";
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

    /// <summary>A word for what a bulk edit did.</summary>
    public static string BulkEdited(int changed, int matched, int skipped) =>
        string.Create(CultureInfo.InvariantCulture, $"{Bulk}.{changed}.{matched}.{skipped}");

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
            ItemsImported => Words.T(
                "Done. What became of each item is below; later syncs keep them up to date.",
                "C'est fait. Ce qu'est devenu chaque article est ci-dessous ; les synchronisations suivantes les tiendront à jour."),
            StockAdjusted => Words.T("The stock is adjusted.", "Le stock est ajusté."),
            StockBelowReserved => Words.T(
                "The stock is adjusted. More is held or sold than there is: check the open orders.",
                "Le stock est ajusté. Plus est réservé ou vendu qu'il n'y en a : vérifiez les commandes en cours."),
            PriceUnlocked => Words.T("Rules make this price again.", "Les règles refont ce prix."),
            FieldUnlocked => Words.T(
                "The supplier's next sync sets this field again.", "La prochaine synchronisation du fournisseur redéfinira ce champ."),
            DomainVerified => Words.T("The domain is yours and leads here now.", "Le domaine est à vous et mène désormais ici."),
            PasswordChanged => Words.T(
                "Your password is changed. Your other sessions are ended.", "Votre mot de passe est changé. Vos autres sessions sont closes."),
            CodeSent => Words.T("The code is on its way. It is good for ten minutes.", "Le code est en route. Il est valable dix minutes."),
            AddressVerified => Words.T("The address is verified.", "L'adresse est vérifiée."),
            FactorRemoved => Words.T("The second factor is removed.", "Le second facteur est retiré."),
            SessionsEnded => Words.T("Ended. What is open there stops within minutes.", "Session close. Ce qui y est ouvert s'arrête dans quelques minutes."),
            Invited => Words.T("The invitation is on its way.", "L'invitation est en route."),
            InvitationWithdrawn => Words.T("The invitation is withdrawn.", "L'invitation est retirée."),
            StaffRemoved => Words.T("Removed from the staff. The account stays as a customer's.", "Retiré de l'équipe. Le compte reste celui d'un client."),
            KeyRevoked => Words.T("The key is revoked and opens nothing any more.", "La clé est révoquée et n'ouvre plus rien."),
            Disabled => Words.T("The account is disabled.", "Le compte est désactivé."),
            Enabled => Words.T("The account is active again.", "Le compte est de nouveau actif."),
            Erased => Words.T("The person's data is erased.", "Les données de la personne sont effacées."),
            Suspended => Words.T("The store is suspended.", "La boutique est suspendue."),
            Resumed => Words.T("The store sells again.", "La boutique vend de nouveau."),
            StoreCreated => Words.T("The store is made.", "La boutique est créée."),
            StoreClosing => Words.T("The store is closed; its data is being removed.", "La boutique est fermée ; ses données sont en cours de suppression."),
            { } word when word.Split('.') is [Bulk, var changed, var matched, var skipped] => BulkText(Count(changed), Count(matched), Count(skipped)),
            _ => null,
        };
        if (text is not null && !context.Response.HasStarted)
        {
            context.Response.Cookies.Delete(Cookie);
        }

        return text;
    }

    private static string BulkText(int changed, int matched, int skipped) =>
        Words.T(
            $"{Words.Number(changed)} of {Words.Number(matched)} products changed.",
            $"{Words.Number(changed)} produits sur {Words.Number(matched)} modifiés.")
        + (skipped == 0
            ? null
            : Words.T(
                $" {Words.Number(skipped)} stay hidden: their supplier no longer sells them.",
                $" {Words.Number(skipped)} restent masqués : leur fournisseur ne les vend plus."));

    private static int Count(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
