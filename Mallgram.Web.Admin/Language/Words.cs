using System.Globalization;
using Mallgram.Kernel;
using Mallgram.Kernel.Access;
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
        "created" => T("Created", "Créé"),
        "updated" => T("Updated", "Mis à jour"),
        "undone" => T("Undone", "Annulé"),
        "held" => T("Held", "Réservé"),
        "committed" => T("Sold", "Vendu"),
        "enabled" => T("Active", "Actif"),
        "disabled" => T("Disabled", "Désactivé"),
        "erased" => T("Erased", "Effacé"),
        "revoked" => T("Revoked", "Révoquée"),
        "live" => T("In use", "En service"),
        "replaced" => T("Replaced", "Remplacée"),
        "open" => T("Open", "Ouverte"),
        "saved" => T("Written", "Rédigé"),
        "suspended" => T("Suspended", "Suspendue"),
        "closing" => T("Being deleted", "En suppression"),
        "verified" => T("Verified", "Vérifié"),
        "unverified" => T("Not verified", "Non vérifié"),
        "wanted" => T("To be confirmed", "À confirmer"),
        "ended" => T("Ended", "Terminée"),
        "wrong_password" => T("Wrong password", "Mauvais mot de passe"),
        "wrong_code" => T("Wrong code", "Mauvais code"),
        "locked" => T("Locked", "Verrouillé"),
        "healthy" => T("Healthy", "En bonne santé"),
        "degraded" => T("Degraded", "Dégradé"),
        "unhealthy" => T("Unhealthy", "En panne"),
        _ => Plain(word),
    };

    /// <summary>What a person may be in a store.</summary>
    public static string Role(string role) => role switch
    {
        "owner" => T("Owner", "Propriétaire"),
        "admin" => T("Administrator", "Administrateur"),
        "manager" => T("Manager", "Gérant"),
        "moderator" => T("Moderator", "Modérateur"),
        "support" => T("Support", "Assistance"),
        "fulfilment" => T("Fulfilment", "Expédition"),
        "affiliate" => T("Affiliate", "Affilié"),
        "customer" => T("Customer", "Client"),
        _ => Plain(role),
    };

    /// <summary>What the scopes of roles and API keys allow.</summary>
    public static string Permission(string scope) => scope switch
    {
        Permissions.ProductsRead => T("See products", "Voir les produits"),
        Permissions.ProductsWrite => T("Edit products, categories and collections", "Modifier produits, catégories et collections"),
        Permissions.StockWrite => T("Adjust stock", "Ajuster le stock"),
        Permissions.PricesWrite => T("Set prices, rules and markets", "Fixer prix, règles et marchés"),
        Permissions.SourcingWrite => T("Sync suppliers, set quality filters", "Synchroniser les fournisseurs, régler les filtres"),
        Permissions.FilesWrite => T("Upload files", "Envoyer des fichiers"),
        Permissions.OrdersRead => T("See orders", "Voir les commandes"),
        Permissions.OrdersWrite => T("Move orders on", "Faire avancer les commandes"),
        Permissions.PaymentsRead => T("See payments", "Voir les paiements"),
        Permissions.RefundsWrite => T("Refund", "Rembourser"),
        Permissions.CustomersRead => T("See customers", "Voir les clients"),
        Permissions.CustomersWrite => T("Disable, export and erase customers", "Désactiver, exporter et effacer des clients"),
        Permissions.StaffRead => T("See staff", "Voir l'équipe"),
        Permissions.StaffWrite => T("Invite, change and remove staff", "Inviter, modifier et retirer l'équipe"),
        Permissions.ApiKeysWrite => T("Make and revoke API keys", "Créer et révoquer des clés d'API"),
        Permissions.StoreRead => T("See the store's settings", "Voir les réglages de la boutique"),
        Permissions.StoreWrite => T("Change settings, theme and domains", "Modifier réglages, thème et domaines"),
        Permissions.JobsRead => T("See jobs", "Voir les tâches"),
        Permissions.JobsRun => T("Run jobs", "Lancer des tâches"),
        Permissions.AuditRead => T("Read the audit log", "Lire le journal d'audit"),
        Permissions.HealthRead => T("See the system's health", "Voir l'état du système"),
        _ => scope,
    };

    /// <summary>Ways to prove oneself a second time.</summary>
    public static string Factor(string kind) => kind switch
    {
        "totp" => T("Authenticator app", "Application d'authentification"),
        "sms" => T("Text message", "SMS"),
        "email" => T("E-mail", "E-mail"),
        "recovery" => T("Recovery code", "Code de secours"),
        _ => Plain(kind),
    };

    /// <summary>How somebody signed in.</summary>
    public static string SignInMethod(string method) => method switch
    {
        "password" => T("Password", "Mot de passe"),
        "code" => T("Code", "Code"),
        "registration" => T("Registration", "Inscription"),
        "invitation" => T("Invitation", "Invitation"),
        "switch" => T("Switched from another store", "Passage d'une autre boutique"),
        "second_factor" => T("Second factor", "Second facteur"),
        _ => Plain(method),
    };

    /// <summary>Browser and system of a User-Agent header, as far as the words in it tell.</summary>
    public static string Browser(string? agent)
    {
        if (string.IsNullOrEmpty(agent))
        {
            return T("Unknown device", "Appareil inconnu");
        }

        // The order matters: Edge and Opera call themselves Chrome too, Chrome calls itself Safari, Android calls itself Linux.
        var browser = Array.Find(
            [("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"), ("curl", "curl")],
            known => agent.Contains(known.Item1, StringComparison.Ordinal)).Item2;
        var system = Array.Find(
            [("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux")],
            known => agent.Contains(known.Item1, StringComparison.Ordinal)).Item2;
        return (browser, system) switch
        {
            (not null, not null) => $"{browser} · {system}",
            (null, null) => agent.Length > 40 ? agent[..40] + "…" : agent,
            _ => browser ?? system!,
        };
    }

    /// <summary>What was counted: of a store, beside its plan's limits.</summary>
    public static string Meter(string name) => name switch
    {
        "products" => T("Products", "Produits"),
        "staff" => T("Staff", "Équipe"),
        "orders" => T("Orders", "Commandes"),
        "customers" => T("Customers", "Clients"),
        "storage_bytes" => T("Files", "Fichiers"),
        _ => Plain(name),
    };

    /// <summary>Bytes as people read them.</summary>
    public static string Size(long bytes) => bytes switch
    {
        < 1024 => $"{bytes} {T("B", "o")}",
        < 1024 * 1024 => string.Create(CultureInfo.CurrentCulture, $"{bytes / 1024.0:0.#} {T("KB", "Ko")}"),
        < 1024L * 1024 * 1024 => string.Create(CultureInfo.CurrentCulture, $"{bytes / (1024.0 * 1024):0.#} {T("MB", "Mo")}"),
        _ => string.Create(CultureInfo.CurrentCulture, $"{bytes / (1024.0 * 1024 * 1024):0.#} {T("GB", "Go")}"),
    };

    /// <summary>Weekdays, 1 Monday to 7 Sunday.</summary>
    public static string Day(int day) => day switch
    {
        1 => T("Monday", "Lundi"),
        2 => T("Tuesday", "Mardi"),
        3 => T("Wednesday", "Mercredi"),
        4 => T("Thursday", "Jeudi"),
        5 => T("Friday", "Vendredi"),
        6 => T("Saturday", "Samedi"),
        _ => T("Sunday", "Dimanche"),
    };

    /// <summary>Ways a store delivers.</summary>
    public static string Delivery(string method) => method switch
    {
        "home_delivery" => T("Home delivery", "Livraison à domicile"),
        "pickup_point" => T("Pickup point", "Point de retrait"),
        "store_pickup" => T("Pickup at the store", "Retrait en boutique"),
        "courier" => T("Courier", "Coursier"),
        "bulk" => T("Bulk freight", "Fret en gros"),
        _ => Plain(method),
    };

    /// <summary>Texts that a store owes its customers.</summary>
    public static string Policy(string kind) => kind switch
    {
        "terms" => T("Terms of sale", "Conditions de vente"),
        "privacy" => T("Privacy", "Confidentialité"),
        "returns" => T("Returns", "Retours"),
        "shipping" => T("Delivery", "Livraison"),
        _ => Plain(kind),
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
        "unknown" => T("The supplier does not know it", "Le fournisseur ne le connaît pas"),
        "detail_refused" => T("The supplier does not give its details", "Le fournisseur ne donne pas ses détails"),
        "plan_limit_reached" => T("Beyond the plan's limit of products", "Au-delà de la limite de produits de la formule"),
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

    /// <summary>A product's field, as the record of a synchronisation names it.</summary>
    public static string Field(string name) => name switch
    {
        "name" => T("Name", "Nom"),
        "name_fr" => T("French name", "Nom français"),
        "description" => T("Description", "Description"),
        "description_fr" => T("French description", "Description française"),
        "supplier_category" => T("Supplier's category", "Catégorie du fournisseur"),
        "category_id" => T("Category", "Catégorie"),
        "brand" => T("Brand", "Marque"),
        "rating" => T("Rating", "Note"),
        "review_count" => T("Reviews", "Avis"),
        "images" => T("Pictures", "Images"),
        "seller_id" => T("Seller", "Vendeur"),
        "seller_name" => T("Seller's name", "Nom du vendeur"),
        "seller_rating" => T("Seller's rating", "Note du vendeur"),
        "sales_count" => T("Units sold at the supplier's", "Ventes chez le fournisseur"),
        "ships_within_days" => T("Delivery time", "Délai de livraison"),
        "weight_grams" => T("Weight", "Poids"),
        "specifications" => T("Specifications", "Caractéristiques"),
        "attributes" => T("Attributes", "Attributs"),
        "video_url" => T("Video", "Vidéo"),
        "variants" => T("Variants", "Variantes"),
        "costs" => T("Costs", "Coûts"),
        "offers" => T("Offers", "Offres"),
        "prices" => T("Former prices or landed costs", "Prix barrés ou coûts rendus"),
        _ => Plain(name),
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
