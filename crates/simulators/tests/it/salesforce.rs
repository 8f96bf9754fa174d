//! The CRM, as a connector sees it.

use serde_json::{Value, json};
use simulators::Kind;
use simulators::salesforce::{ASTER_HEALTH_RENEWAL, CLIENT_ID, CLIENT_SECRET};

use crate::client::{Desk, send};

const DATA: &str = "/services/data/v61.0";

fn deal() -> String {
    format!("{DATA}/sobjects/Opportunity/{ASTER_HEALTH_RENEWAL}")
}

#[tokio::test]
async fn the_token_from_the_endpoint_opens_the_data_and_nothing_else_does() {
    let crm = Desk::start(Kind::Salesforce).await;
    for request in [crm.bare("GET", &deal()), crm.bare("GET", &deal()).bearer_auth("wrong")] {
        let reply = send(request).await.unwrap();
        let told = json!([{ "message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID" }]);
        assert_eq!((reply.status, reply.json()), (401, told));
    }
    let app =
        [("grant_type", "client_credentials"), ("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    let token = send(crm.bare("POST", "/services/oauth2/token").form(&app)).await.unwrap().json();
    assert_eq!(token["instance_url"], crm.simulator.base_url());
    let bearer = token["access_token"].as_str().unwrap();
    let reply = send(crm.bare("GET", &deal()).bearer_auth(bearer)).await.unwrap();
    assert_eq!((reply.status, &reply.json()["Name"]), (200, &json!("Aster Health renewal")));
    assert_eq!(reply.header("sforce-limit-info"), Some("api-usage=3/5000000"));
}

#[tokio::test]
async fn a_deal_is_read_changed_under_its_date_and_read_back() {
    let crm = Desk::start(Kind::Salesforce).await;
    let seen = crm.get(&format!("{}?fields=Amount,StageName,LastModifiedDate", deal())).await;
    assert!(seen.text.contains("\"Amount\":84000.0"), "{}", seen.text);
    let date = seen.header("last-modified").unwrap().to_owned();
    let update = || {
        let body = json!({ "Amount": 71400, "StageName": "Negotiation" });
        send(crm.request("PATCH", &deal()).header("If-Unmodified-Since", &date).json(&body))
    };
    let reply = update().await.unwrap();
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    assert_eq!(update().await.unwrap().status, 412);

    let now = crm.get(&deal()).await.json();
    assert_eq!((&now["StageName"], &now["Probability"]), (&json!("Negotiation"), &json!(80.0)));
    assert_eq!(now["LastModifiedDate"], "2026-11-23T22:00:01.000+0000");
    assert_eq!(crm.simulator.writes().len(), 1);
}

#[tokio::test]
async fn refusals_are_arrays_with_a_code() {
    let crm = Desk::start(Kind::Salesforce).await;
    let reply = crm.ask("PATCH", &deal(), json!({ "Stage": "Won" })).await;
    let told = json!([{ "message": "No such column 'Stage' on sobject of type Opportunity", "errorCode": "INVALID_FIELD" }]);
    assert_eq!((reply.status, reply.json()), (400, told));
    let reply = crm.ask("PATCH", &deal(), json!({ "StageName": "Won" })).await;
    let told = json!([{
        "message": "Stage: bad value for restricted picklist field: Won",
        "errorCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "fields": ["StageName"],
    }]);
    assert_eq!((reply.status, reply.json()), (400, told));
}

#[tokio::test]
async fn a_created_record_is_found_by_its_external_id() {
    let crm = Desk::start(Kind::Salesforce).await;
    let path = format!("{DATA}/sobjects/Case/External_Ref__c/run_1-0");
    let created = crm.ask("PATCH", &path, json!({ "Subject": "Refund" })).await;
    assert_eq!((created.status, &created.json()["created"]), (201, &json!(true)));
    let query = [("q", "SELECT Id FROM Case WHERE External_Ref__c = 'run_1-0'")];
    let found = send(crm.request("GET", &format!("{DATA}/query")).query(&query)).await.unwrap().json();
    assert_eq!((&found["totalSize"], &found["records"][0]["Id"]), (&json!(1), &created.json()["id"]));
    assert_eq!(
        crm.ask(
            "DELETE",
            &path.replace("External_Ref__c/run_1-0", found["records"][0]["Id"].as_str().unwrap()),
            Value::Null
        )
        .await
        .status,
        204
    );
    let gone = send(crm.request("GET", &format!("{DATA}/query")).query(&query)).await.unwrap().json();
    assert_eq!(gone["totalSize"], 0);
}
