-- Made by make.py with MLflow 3.17.2.
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('dc11669786a5');
CREATE TABLE "experiments" (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), 
	creation_time BIGINT, 
	last_update_time BIGINT, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT uq_experiments_workspace_name UNIQUE (workspace, name)
);
INSERT INTO "experiments" VALUES(0,'Default','@WORK@/mlruns/0','active',1795625156282,1795625156282,'default');
INSERT INTO "experiments" VALUES(1,'digits','@WORK@/files','active',1795625156306,1795625156306,'default');
CREATE TABLE "metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	step BIGINT DEFAULT '0' NOT NULL, 
	is_nan BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO "metrics" VALUES('loss',1.0,1795625156524,'74b2fb28d68f4ffeb7e05aff606c92ef',0,0);
INSERT INTO "metrics" VALUES('loss',0.5,1795625156565,'74b2fb28d68f4ffeb7e05aff606c92ef',1,0);
INSERT INTO "metrics" VALUES('loss',3.33333333333333314829e-01,1795625156593,'74b2fb28d68f4ffeb7e05aff606c92ef',2,0);
INSERT INTO "metrics" VALUES('loss',0.25,1795625156619,'74b2fb28d68f4ffeb7e05aff606c92ef',3,0);
INSERT INTO "metrics" VALUES('loss',0.2,1795625156649,'74b2fb28d68f4ffeb7e05aff606c92ef',4,0);
INSERT INTO "metrics" VALUES('loss',0.5,1795625156670,'74b2fb28d68f4ffeb7e05aff606c92ef',4,0);
INSERT INTO "metrics" VALUES('odd value',0.0,1795625156701,'74b2fb28d68f4ffeb7e05aff606c92ef',-1,1);
INSERT INTO "metrics" VALUES('odd value',1.79769313486231562234e+308,1795625156725,'74b2fb28d68f4ffeb7e05aff606c92ef',0,0);
INSERT INTO "metrics" VALUES('odd value',-1.79769313486231562234e+308,1795625156753,'74b2fb28d68f4ffeb7e05aff606c92ef',1,0);
INSERT INTO "metrics" VALUES('odd value',0.1,1795625156779,'74b2fb28d68f4ffeb7e05aff606c92ef',2,0);
INSERT INTO "metrics" VALUES('loss',3.0,1795625156889,'09a4c980b6c648b79cd96b25b0ed6ac3',0,0);
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('lr','0.0001','74b2fb28d68f4ffeb7e05aff606c92ef');
INSERT INTO "params" VALUES('epochs','3','74b2fb28d68f4ffeb7e05aff606c92ef');
INSERT INTO "params" VALUES('deep','True','74b2fb28d68f4ffeb7e05aff606c92ef');
INSERT INTO "params" VALUES('optimizer','adam','74b2fb28d68f4ffeb7e05aff606c92ef');
INSERT INTO "params" VALUES('seed','7','74b2fb28d68f4ffeb7e05aff606c92ef');
CREATE TABLE "runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	name VARCHAR(250), 
	source_type VARCHAR(20), 
	source_name VARCHAR(500), 
	entry_point_name VARCHAR(50), 
	user_id VARCHAR(256), 
	status VARCHAR(9), 
	start_time BIGINT, 
	end_time BIGINT, 
	source_version VARCHAR(50), 
	lifecycle_stage VARCHAR(20), 
	artifact_uri VARCHAR(200), 
	experiment_id INTEGER, deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
INSERT INTO "runs" VALUES('74b2fb28d68f4ffeb7e05aff606c92ef','first try','UNKNOWN','','','root','FINISHED',1795625156422,1795625156926,'','active','@WORK@/files/74b2fb28d68f4ffeb7e05aff606c92ef/artifacts',1,NULL);
INSERT INTO "runs" VALUES('09a4c980b6c648b79cd96b25b0ed6ac3','child','UNKNOWN','','','root','FINISHED',1795625156854,1795625156909,'','active','@WORK@/files/09a4c980b6c648b79cd96b25b0ed6ac3/artifacts',1,NULL);
INSERT INTO "runs" VALUES('82476e284eda4c838a546ddfaee77c5a','resilient-fox-163','UNKNOWN','','','root','FAILED',1795625156955,1795625156989,'','active','@WORK@/files/82476e284eda4c838a546ddfaee77c5a/artifacts',1,NULL);
INSERT INTO "runs" VALUES('b6b841e4b89b4b34bade645f74ac0b7e','killed','UNKNOWN','','','root','KILLED',1795625157025,1795625157057,'','active','@WORK@/mlruns/0/b6b841e4b89b4b34bade645f74ac0b7e/artifacts',0,NULL);
INSERT INTO "runs" VALUES('c9a99a9609304b51962f9efce23b2602','deleted','UNKNOWN','','','root','FINISHED',1795625157083,1795625157120,'','deleted','@WORK@/mlruns/0/c9a99a9609304b51962f9efce23b2602/artifacts',0,1795625157148);
INSERT INTO "runs" VALUES('638e33ebf8c9420c84976d34a4a4b458','still running','UNKNOWN','','','unknown','RUNNING',1795625157173,NULL,'','active','@WORK@/mlruns/0/638e33ebf8c9420c84976d34a4a4b458/artifacts',0,NULL);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('mlflow.user','root','74b2fb28d68f4ffeb7e05aff606c92ef');
INSERT INTO "tags" VALUES('mlflow.source.name','make.py','74b2fb28d68f4ffeb7e05aff606c92ef');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','74b2fb28d68f4ffeb7e05aff606c92ef');
INSERT INTO "tags" VALUES('baseline','true','74b2fb28d68f4ffeb7e05aff606c92ef');
INSERT INTO "tags" VALUES('team','vision','74b2fb28d68f4ffeb7e05aff606c92ef');
INSERT INTO "tags" VALUES('mlflow.note.content','what it is','74b2fb28d68f4ffeb7e05aff606c92ef');
INSERT INTO "tags" VALUES('mlflow.runName','first try','74b2fb28d68f4ffeb7e05aff606c92ef');
INSERT INTO "tags" VALUES('mlflow.user','root','09a4c980b6c648b79cd96b25b0ed6ac3');
INSERT INTO "tags" VALUES('mlflow.source.name','make.py','09a4c980b6c648b79cd96b25b0ed6ac3');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','09a4c980b6c648b79cd96b25b0ed6ac3');
INSERT INTO "tags" VALUES('mlflow.parentRunId','74b2fb28d68f4ffeb7e05aff606c92ef','09a4c980b6c648b79cd96b25b0ed6ac3');
INSERT INTO "tags" VALUES('mlflow.runName','child','09a4c980b6c648b79cd96b25b0ed6ac3');
INSERT INTO "tags" VALUES('mlflow.user','root','82476e284eda4c838a546ddfaee77c5a');
INSERT INTO "tags" VALUES('mlflow.source.name','make.py','82476e284eda4c838a546ddfaee77c5a');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','82476e284eda4c838a546ddfaee77c5a');
INSERT INTO "tags" VALUES('mlflow.runName','resilient-fox-163','82476e284eda4c838a546ddfaee77c5a');
INSERT INTO "tags" VALUES('mlflow.user','root','b6b841e4b89b4b34bade645f74ac0b7e');
INSERT INTO "tags" VALUES('mlflow.source.name','make.py','b6b841e4b89b4b34bade645f74ac0b7e');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','b6b841e4b89b4b34bade645f74ac0b7e');
INSERT INTO "tags" VALUES('mlflow.runName','killed','b6b841e4b89b4b34bade645f74ac0b7e');
INSERT INTO "tags" VALUES('mlflow.user','root','c9a99a9609304b51962f9efce23b2602');
INSERT INTO "tags" VALUES('mlflow.source.name','make.py','c9a99a9609304b51962f9efce23b2602');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','c9a99a9609304b51962f9efce23b2602');
INSERT INTO "tags" VALUES('mlflow.runName','deleted','c9a99a9609304b51962f9efce23b2602');
INSERT INTO "tags" VALUES('mlflow.runName','still running','638e33ebf8c9420c84976d34a4a4b458');
